"""Measurements of xferlab's own speed, and the suite runner of a checkout; not installed."""
