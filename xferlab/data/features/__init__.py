"""From arrays to arrays, without a label."""
