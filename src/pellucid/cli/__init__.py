"""The command line: what stands on stdout and stderr, and the commands."""
