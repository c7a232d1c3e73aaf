"""Tests of the catalogue, on small made files in the original forms."""
