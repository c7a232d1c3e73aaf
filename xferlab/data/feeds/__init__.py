"""What a training step draws its batches from."""
