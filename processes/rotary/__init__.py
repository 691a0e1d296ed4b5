"""A rotary position, and a code."""
