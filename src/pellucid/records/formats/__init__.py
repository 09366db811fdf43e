"""Formats, one file each: a class named like the file with `recognises` and `read` (`records.read.Format`)."""
