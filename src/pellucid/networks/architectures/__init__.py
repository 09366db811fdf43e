"""One file an architecture; the class is named like the file."""
