"""The pass `ensembles`: layers that are wired group to group, cut where their groups end.

The packer cuts a layer where a core is full, and lists the synapses of a layer that is mostly
empty one by one, each with an index and an in-axon of its own. Cut by groups, each of the Q blocks
that a group hears is a dense list, and a group's axons reach only the cores of Q groups::

    x_g = f(sum over sources s of g of W_gs x_s)

No sum changes. It is asked for, before `compile_units`, which packs what it makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from neuromorph.compile.packing.traffic import deliveries
from neuromorph.compile.passes import compile_units
from neuromorph.compile.program import Slice, Unit
from neuromorph.compile.split import split
from neuromorph.errors import UsageError
from neuromorph.network import Network, Projection, verify
from neuromorph.network.block_masks import common_groups, group_wires
from neuromorph.profiles import Profile
from neuromorph.shown import Shown

EMPTY = 0.25
"""Share of blocks that at least are empty, in a layer that is worth a cut."""

FILLED = 0.5
"""Share of weights of a block that more than are there: a random mask has small empty blocks, and
wires from neuron to neuron, in pairs, are half of one."""


@dataclass(frozen=True, repr=False)
class Placement(Shown):
    """What a network takes of a chip.

    Attributes
    ----------
    cores, chips : int
    deliveries : int
        Arrivals of axons at cores, if every neuron and every source spikes once.
    populations_cut : int
        Populations that lie on several cores.
    """

    cores: int
    chips: int
    deliveries: int
    populations_cut: int

    def as_dict(self) -> dict[str, int]:
        """Plain values, for JSON."""
        return asdict(self)


def placement(unit: Unit, profile: Profile) -> Placement:
    """What `compile_units` makes of a unit.

    Raises
    ------
    FitError
        As there.
    """
    program = compile_units([unit], profile).program
    cut = sum(len({piece.core for piece in pieces}) > 1
              for pieces in program.slices_of(0).values())
    return Placement(program.cores, program.chips, deliveries(program), cut)


def ensembles(unit: Unit, groups: int | None = None, *, together: bool = True) -> Unit:
    """The unit with every population that hears by groups cut into these groups.

    Parameters
    ----------
    unit : Unit
        Of the fixed domain. Groups are neurons in a row, as `network.blocks` makes them.
    groups : int, optional
        G, of all layers that are made of blocks; found from the weights if left out.
    together : bool
        Whether each group is kept on one core, where one holds it: fewer deliveries. Else groups
        may be cut where a core is full: fewer cores.

    Returns
    -------
    Unit
        Blocks without synapses are gone. Its view gives what the given unit says. A program's
        files do not tell of cuts: to write them, give ``Unit(name, cut.network)`` in its place.

    Raises
    ------
    UsageError
        If no layer is made of blocks, or the groups do not divide one.
    UnsupportedError
        If the network is not of integers, or such a population must stay whole.
    """
    found = groups_of(unit.network, groups)
    if not found:
        raise UsageError("no layer of this network is made of blocks", where=unit.name,
                         found=f"{len(unit.network.projections)} projections",
                         expected=f"at least {EMPTY:.0%} of a layer's blocks empty, and the rest "
                                  "filled by more than half",
                         hint="mask weights by network.blocks" if groups is None
                         else "give other groups, or none: they are found")
    sizes = {p.name: p.size for p in unit.neurons}
    cut = split(unit, {name: _slices(name, sizes[name], count) for name, count in found.items()})
    network = cut.network
    kept = tuple(p for p in network.projections if p.rule is not None or p.weights.any())
    names = {p.name for p in unit.network.populations}
    pieces = frozenset(p.name for p in network.populations if p.name not in names)
    return replace(cut, network=verify(replace(network, projections=kept)),
                   together=unit.together | pieces if together else unit.together)


def groups_of(network: Network, groups: int | None = None) -> Mapping[str, int]:
    """Populations that hear by groups, and how many these are.

    Raises
    ------
    UsageError
        If the given groups divide no layer.
    """
    found: dict[str, int] = {}
    divided = False
    for projection in network.projections:
        if projection.rule is not None or not projection.weights.size:
            continue
        divided |= groups is not None and not any(n % groups for n in projection.weights.shape)
        count = _groups(projection, groups)
        if count > 1:
            found[projection.post] = max(count, found.get(projection.post, 1))
    if groups is not None and not divided:
        raise UsageError("the groups divide no layer", where=network.name, found=groups,
                         hint="groups are neurons in a row, as many in each")
    return found


def _groups(projection: Projection, groups: int | None) -> int:
    """Groups of a projection's blocks; 1 if it is made of none."""
    weights = projection.weights
    if groups is None:
        count = common_groups(weights)
    else:
        count = 1 if any(size % groups for size in weights.shape) else groups
    if count == 1:
        return 1
    share = float(group_wires(weights, count).mean())
    filled = np.count_nonzero(weights) / weights.size
    return count if share <= 1 - EMPTY and filled > FILLED * share else 1


def _slices(name: str, size: int, count: int) -> list[Slice]:
    step = size // count
    return [Slice(0, name, g * step, (g + 1) * step, g) for g in range(count)]
