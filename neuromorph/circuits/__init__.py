"""Builders that return a `Network`, and the readers of what it did."""
