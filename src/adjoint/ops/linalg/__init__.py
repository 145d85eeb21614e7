"""Linear algebra: one file per family."""
