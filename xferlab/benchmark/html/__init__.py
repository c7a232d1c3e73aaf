"""Prints the report: one page that is read offline."""
