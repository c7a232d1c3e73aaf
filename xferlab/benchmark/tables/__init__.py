"""Decides what a cell says: selection, means, intervals, verdicts, published numbers."""
