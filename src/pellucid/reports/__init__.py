"""What is left behind for a reader: JSON, arrays, pictures and pages that open from disk and need nothing else."""
