"""Fitting networks to data sets, and scoring what came of it."""
