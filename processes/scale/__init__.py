"""A number times the inverse of a norm."""
