"""How records show themselves in a notebook: one file a class, found by name from `core.display`."""
