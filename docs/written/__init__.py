"""Pages of the reference that `docs/generate.py` writes from the code."""
