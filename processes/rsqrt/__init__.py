"""The inverse root of a sum of squares, and the root itself."""
