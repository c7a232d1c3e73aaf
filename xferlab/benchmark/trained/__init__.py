"""A finished run in use: its network predicts what comes later."""
