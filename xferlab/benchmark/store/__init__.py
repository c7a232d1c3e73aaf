"""Keeps runs: what identifies one, what it leaves on disk, and how that is read again."""
