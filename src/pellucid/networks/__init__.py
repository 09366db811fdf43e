"""Modules with cards: what they expect, what they say, how well they were measured."""
