"""What several examples have in common: the steps of a training loop, and data."""
