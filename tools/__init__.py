"""Tools for those who work on Adjoint."""
