"""Graded sources to plain spikes, unit by unit."""

from __future__ import annotations

from neuromorph.circuits.plain_spikes import in_plain_spikes
from neuromorph.compile.program import Unit


def lower(unit: Unit) -> Unit:
    """The unit in plain spikes, with a view that spells payloads in them.

    Raises
    ------
    FitError
        If plain spikes cannot say the same, see `in_plain_spikes`.
    """
    network, view = in_plain_spikes(unit.network)
    return unit if network is unit.network else unit.rewritten(network, view)
