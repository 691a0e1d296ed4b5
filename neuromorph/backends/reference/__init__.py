"""The reference: clocked NumPy, made to be read. What it computes is the truth."""

from neuromorph.backends.reference.backend import ReferenceBackend

BACKEND = ReferenceBackend

__all__ = ["BACKEND", "ReferenceBackend"]
