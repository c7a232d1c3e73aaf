"""Suites: one file each; `table` names them."""
