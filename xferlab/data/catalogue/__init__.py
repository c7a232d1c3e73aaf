"""Published data sets: what they are, whether they are there, and how to get them."""
