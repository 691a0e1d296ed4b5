"""A product of two inputs, shifted and clipped."""
