"""A cut network as one that any backend runs: what lies on several cores is several populations.

Population ``match`` on three cores becomes ``match.0`` to ``match.2``; a projection between parts
i and j becomes ``value.i.j``. Every neuron keeps all of its synapses, so sums stay the same::

    sum_j W_ij s_j = sum over parts P of (sum_{j in P} W_ij s_j)

Learning stays the same too: traces belong to one neuron, and the draws that round them to a
rule's seed, not to its projection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from neuromorph.compile.cut_view import Cut, Grid
from neuromorph.compile.parts import Part, parts_of
from neuromorph.compile.program import Slice, Unit
from neuromorph.network import Population, Projection, verify
from neuromorph.network.ports import still_there

Slices: TypeAlias = Mapping[str, Sequence[Slice]]
Parts: TypeAlias = Mapping[str, Sequence[Part]]


def split(unit: Unit, slices: Slices) -> Unit:
    """The unit with every cut population in parts, all its integers as before.

    Parameters
    ----------
    unit : Unit
    slices : mapping of population name to its slices
        As `Program.slices_of` gives them.

    Returns
    -------
    Unit
        Its network has the schedule, but no parts, of which builders know nothing in pieces; and no
        ports of what is cut. Its view puts parts together, then goes on as the given unit's.
        Where nothing is cut it is the given unit.

    Raises
    ------
    UnsupportedError, UsageError
        See `parts.parts_of`, which also says what stays whole.
    """
    network, parts = unit.network, parts_of(unit, slices)
    if all(len(found) == 1 for found in parts.values()):
        return unit
    populations = tuple(Population(part.name, part.size, p.model.part(part.start, part.stop))
                        for p in network.populations for part in parts[p.name])
    projections = tuple(block for p in network.projections for block in _blocks(p, parts))
    cut = verify(replace(network, populations=populations, projections=projections, parts=(),
                         inputs=still_there(network.inputs, populations),
                         outputs=still_there(network.outputs, populations)))
    return unit.rewritten(cut, Cut(
        {name: found for name, found in parts.items() if len(found) > 1},
        {p.name: _names(p, parts) for p in network.projections if _is_cut(p, parts)}))


def _is_cut(projection: Projection, parts: Parts) -> bool:
    return len(parts[projection.pre]) > 1 or len(parts[projection.post]) > 1


def _names(projection: Projection, parts: Parts) -> Grid:
    """Of a projection's blocks, a row for each part behind it."""
    if not _is_cut(projection, parts):
        return [[projection.name]]
    return [[f"{projection.name}.{i}.{j}" for i in range(len(parts[projection.pre]))]
            for j in range(len(parts[projection.post]))]


def _blocks(projection: Projection, parts: Parts) -> Iterator[Projection]:
    """The synapses between all pairs of parts; third factors are cut as the neurons behind are."""
    for j, row in enumerate(_names(projection, parts)):
        post = parts[projection.post][j]
        y1, y2, y3 = (None if name is None else parts[name][j].name
                      for name in projection.modulators)
        for name, pre in zip(row, parts[projection.pre], strict=True):
            weights = np.ascontiguousarray(projection.weights[post.neurons, pre.neurons])
            yield replace(projection, name=name, pre=pre.name, post=post.name, weights=weights,
                          modulators=(y1, y2, y3))
