"""Tests of runs in use."""
