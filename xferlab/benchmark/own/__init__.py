"""Parts that users bring along: the files and modules they stand in."""
