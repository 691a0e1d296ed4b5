"""One side of a signed key."""
