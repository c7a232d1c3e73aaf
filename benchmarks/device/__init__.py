"""What is to be known of xferlab on an accelerator, measured by one command within minutes."""
