"""How the documentation's site is made: the reference, the pictures, and what holds of every page."""
