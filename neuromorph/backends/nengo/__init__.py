"""Runs float networks as a nengo.Network, in Nengo's own simulator.

Importing this package imports nothing of Nengo.
"""

from neuromorph.backends.nengo.backend import NengoBackend

BACKEND = NengoBackend

__all__ = ["BACKEND", "NengoBackend"]
