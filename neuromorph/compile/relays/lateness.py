"""By how many steps each population is late when some ways take longer, and nothing else changes.

::

    late(post) >= late(pre) + hops - delay       for every projection; sources are never late

The least that keeps this lets every spike arrive as before, only ``late(post)`` steps later, with
a delay of ``delay + late(post) - late(pre)`` in all, of which the relays take ``hops``.
"""

from __future__ import annotations

from collections.abc import Mapping

from neuromorph.errors import FitError
from neuromorph.network import Network
from neuromorph.numerics.limits import DELAY_MAX


def lateness(network: Network, hops: Mapping[str, int]) -> dict[str, int]:
    """Steps by which each population is late, 0 for most.

    Parameters
    ----------
    network : Network
    hops : mapping of projection name to int
        Steps by which the way of a projection gets longer.

    Raises
    ------
    FitError
        If a loop would get longer; if anything that learns, or a neuron with a bias, would be
        late: epochs, draws and biases count from the first step; if a delay would be too long.
    """
    late = dict.fromkeys((p.name for p in network.populations), 0)
    for _ in range(len(late) + 1):
        before = dict(late)
        for p in network.projections:
            late[p.post] = max(late[p.post], late[p.pre] + hops.get(p.name, 0) - p.delay)
        if late == before:
            _check(network, late, hops)
            return late
    loop = ", ".join(name for name, steps in late.items() if steps != before[name])
    raise FitError("relays would make a loop longer", where=network.name, found=loop,
                   hint="a delay in the loop, from which their steps can be taken; or fewer slots")


def _check(network: Network, late: Mapping[str, int], hops: Mapping[str, int]) -> None:
    for p in network.plastic:
        ends = [end for end in (p.pre, p.post, *p.modulators) if end is not None and late[end]]
        if ends:
            raise FitError("relays would let this projection learn at other steps", where=p.name,
                           found=", ".join(ends), hint="static memories, or fewer slots")
    for population in network.populations:
        model = population.model
        if late[population.name] and model.timed:
            raise FitError("relays would let these neurons act late, but they count their steps",
                           where=population.name, found=late[population.name],
                           hint="longer delays in the circuit, or fewer slots")
        if late[population.name] and not population.is_source and model.self_driven:
            raise FitError("relays would let these neurons start late, but not their bias",
                           where=population.name, found=late[population.name],
                           hint="a source in the place of the bias, or fewer slots")
    for p in network.projections:
        delay = p.delay + late[p.post] - late[p.pre] - hops.get(p.name, 0)
        if delay > DELAY_MAX:
            raise FitError("relays would need a longer delay than a synapse has", where=p.name,
                           found=delay, expected=f"at most {DELAY_MAX}")
