"""The layers, one file per family, and `Module`, which they all are."""
