"""A line of a program of constants."""
