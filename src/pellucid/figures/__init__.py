"""Draws records and plain arrays with matplotlib: ECG paper, slices, curves, sheets. Figures only, never pyplot."""
