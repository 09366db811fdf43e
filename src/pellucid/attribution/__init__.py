"""Relevance for any torch module; knows nothing of medicine."""
