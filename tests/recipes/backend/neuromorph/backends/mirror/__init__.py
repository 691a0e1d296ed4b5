"""The reference by another name, for integers."""

from neuromorph.backends.mirror.backend import MirrorBackend

BACKEND = MirrorBackend

__all__ = ["BACKEND", "MirrorBackend"]
