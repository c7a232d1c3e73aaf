"""Draws what a report shows."""
