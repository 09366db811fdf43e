"""One command a file: a function named like the file, with its help in its docstring."""
