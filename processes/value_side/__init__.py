"""One side of a signed value."""
