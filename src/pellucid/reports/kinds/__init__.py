"""Kinds of report: one file each."""
