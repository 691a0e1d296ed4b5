"""Where the populations of a unit may be cut so that no integer changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from neuromorph.compile.program import Slice, Unit
from neuromorph.errors import UnsupportedError, UsageError
from neuromorph.network import Network, Projection
from neuromorph.network.groups import tied


@dataclass(frozen=True)
class Part:
    """Neurons ``start`` up to, not including, ``stop`` of a population, under a name."""

    name: str
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.stop - self.start

    @property
    def neurons(self) -> slice:
        """The neurons as an index."""
        return slice(self.start, self.stop)


def parts_of(unit: Unit, slices: Mapping[str, Sequence[Slice]]) -> dict[str, list[Part]]:
    """The parts of every population, sources too; one part, of its own name, where it is whole.

    A population is cut where its slices are, and where those of its third factors are: they
    belong neuron to neuron. What `stays_whole` names is not cut.

    Raises
    ------
    UnsupportedError
        If the network is in the float domain, where sums depend on their order.
    UsageError
        If slices overlap or leave a neuron out.
    """
    network = unit.network
    if network.domain != "fixed":
        raise UnsupportedError("only integers can be cut without a change", where=unit.name,
                               found=f"a network of the {network.domain} domain")
    whole = stays_whole(network)
    cuts: dict[str, set[int]] = {}
    for group in _groups(network):
        shared = set[int]().union(*(_cuts(network, name, slices.get(name, ())) for name in group))
        cuts |= dict.fromkeys(group, set() if whole.keys() & group else shared)
    return {p.name: _parts(p.name, p.size, cuts[p.name]) for p in network.populations}


def stays_whole(network: Network) -> dict[str, str]:
    """Populations that run in one piece wherever their neurons lie, with the reason.

    A shift to the right comes after a projection's whole sum, on the core behind it, wherever
    its spikes come from. As two projections it would be made twice::

        (a + b) >> n   is not   (a >> n) + (b >> n)   unless 2^n divides a and b

    Some neurons share a state, as the units of an astrocyte do.
    """
    shifted = {p.pre: f"{p.name} shifts its whole sum to the right by {-p.exponent}"
               for p in network.projections if rounds(p)}
    return shifted | {p.name: p.model.shared_state
                      for p in network.populations if p.model.shared_state}


def rounds(projection: Projection) -> bool:
    """Whether the shift of a sum may lose bits; weights that learn may be anything."""
    if projection.exponent >= 0:
        return False
    return projection.rule is not None or bool(
        (projection.weights % np.int64(1 << -projection.exponent)).any())


def _groups(network: Network) -> list[set[str]]:
    """Populations that must be cut alike: those behind plastic synapses, and third factors."""
    return tied(network, ((p.post, *p.modulators) for p in network.plastic))


def _cuts(network: Network, name: str, slices: Sequence[Slice]) -> set[int]:
    """First neurons of all slices but the first."""
    size = network.population(name).size
    edges = sorted({(s.start, s.stop) for s in slices}) or [(0, size)]
    if (edges[0][0], edges[-1][1]) != (0, size) or any(
            here[1] != following[0] for here, following in pairwise(edges)):
        raise UsageError("slices overlap or leave a neuron out", where=name, found=edges,
                         expected=f"0 to {size}, without a gap")
    return {start for start, _ in edges[1:]}


def _parts(name: str, size: int, cuts: set[int]) -> list[Part]:
    edges = [0, *sorted(cuts), size]
    if len(edges) == 2:
        return [Part(name, 0, size)]
    return [Part(f"{name}.{i}", start, stop) for i, (start, stop) in enumerate(pairwise(edges))]
