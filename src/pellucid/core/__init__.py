"""What every room stands on: errors, registries, settings, randomness, provenance, progress."""
