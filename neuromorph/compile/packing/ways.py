"""How a packing goes about it: numbers that cores and traffic depend on, but no sum."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 0.5
"""A unit is cut if at least this share of its largest population fits."""

FULL = 0.5
"""Rests get a core when they fill this share of it: later, they would be further from home."""

OPEN = 32
"""Cores that stay open. With fewer some are left half empty; with more spikes go further."""

LEAD = 0.72
"""What takes more memory than axons fills a core's memory this much further than its axons.

Tried on two whole models, from .65 to 1.
"""


@dataclass(frozen=True)
class Ways:
    """What a search may try other values of; see the constants of this module.

    Attributes
    ----------
    most, full, lead : float
    opened : int
    tilt : float
        Factor on the share of others' synapses that an even cut gives a core.
    """

    most: float = MOST
    full: float = FULL
    opened: int = OPEN
    lead: float = LEAD
    tilt: float = 1.0


USUAL = Ways()
