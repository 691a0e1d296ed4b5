"""A whole transformer on the CPU: its closed form, compiled, in integers alone."""

from neuromorph.backends.fast.transformer.session import Session, run

__all__ = ["Session", "run"]
