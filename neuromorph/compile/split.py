"""A cut network as one that any backend runs: what lies on several cores is several populations.

Population ``match`` on three cores becomes ``match.0`` to ``match.2``; a projection between parts
i and j becomes ``value.i.j``. Every neuron keeps all of its synapses, so sums stay the same::

    sum_j W_ij s_j = sum over parts P of (sum_{j in P} W_ij s_j)

Learning stays the same too: traces belong to one neuron, and the draws that round them to a
rule's seed, not to its projection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.parts import Part, parts_of
from neuromorph.compile.program import Slice, Unit
from neuromorph.network import Network, Population, Probe, Projection, verify
from neuromorph.network.model import SYNAPTIC
from neuromorph.network.ports import still_there

Slices: TypeAlias = Mapping[str, Sequence[Slice]]
Inputs: TypeAlias = Mapping[str, NDArray[Any]]


class Recorded(Protocol):
    """What a backend recorded, as far as it has to be put together again."""

    @property
    def steps(self) -> int:
        """Length of the run."""

    @property
    def traces(self) -> Mapping[Probe, NDArray[Any]]:
        """What each probe saw, shape (steps, …)."""

    @property
    def synapses(self) -> Mapping[str, tuple[NDArray[Any], NDArray[Any]]]:
        """Last weights and tags of the plastic projections."""

    @property
    def overflows(self) -> Mapping[str, int]:
        """Overflows by population."""


R = TypeVar("R", bound=Recorded)


@dataclass(frozen=True)
class _Block:
    """The synapses between one part and another."""

    name: str
    pre: Part
    post: Part


def split_network(unit: Unit, slices: Slices) -> Network:
    """The unit's network with every cut population in parts, all its integers as before.

    Parameters
    ----------
    unit : Unit
    slices : mapping of population name to its slices
        As `Program.slices_of` gives them.

    Returns
    -------
    Network
        With the schedule, but no parts, of which builders know nothing in pieces; without the ports
        of what is cut. Where nothing is cut it is the unit's network itself.

    Raises
    ------
    UnsupportedError, UsageError
        See `parts.parts_of`, which also says what stays whole.
    """
    network, parts = unit.network, parts_of(unit, slices)
    if all(len(found) == 1 for found in parts.values()):
        return network
    populations = tuple(Population(part.name, part.size, p.model.part(part.start, part.stop))
                        for p in network.populations for part in parts[p.name])
    projections = tuple(_cut(projection, block, parts)
                        for projection in network.projections
                        for block in _blocks(projection, parts))
    return verify(replace(network, populations=populations, projections=projections, parts=(),
                          inputs=still_there(network.inputs, populations),
                          outputs=still_there(network.outputs, populations)))


def extra_steps(unit: Unit) -> int:
    """Steps that a run needs beyond its own, for what is late to end."""
    return max(unit.late.values(), default=0)


def split_inputs(unit: Unit, slices: Slices, inputs: Inputs) -> dict[str, NDArray[Any]]:
    """Trains for the split network, silent in the end for as long as `extra_steps`.

    Only sources of third factors are ever cut.
    """
    parts, silence = parts_of(unit, slices), ((0, extra_steps(unit)), (0, 0))
    return {part.name: np.pad(train[:, part.neurons], silence) for name, train in inputs.items()
            for part in parts[name]}


def split_probes(unit: Unit, slices: Slices, probes: Iterable[Probe]) -> list[Probe]:
    """Probes on every part of what the given ones look at.

    In a unit with `extra_steps` also on what learns: it goes on learning in them.
    """
    parts, asked = parts_of(unit, slices), list(probes)
    if extra_steps(unit):
        learned = [Probe(p.name, v) for p in unit.network.plastic for v in SYNAPTIC]
        known = set(asked)
        asked += [probe for probe in learned if probe not in known]
    return [Probe(name, probe.variable) for probe in asked
            for name in _names_of(unit.network, probe, parts)]


def join_recording(unit: Unit, slices: Slices, recording: R) -> R:
    """The recording of a split network, put together under the names of the unit's network.

    What is late is shifted back, so that every step is that of the network without relays; only
    overflows count all steps of the run. Probes that do not look at every part of their target
    are left out.
    """
    joined = _joined(unit, slices, recording)
    steps = recording.steps - extra_steps(unit)
    if steps == recording.steps:
        return joined
    late = {probe: 0 if probe.variable in SYNAPTIC else unit.late.get(probe.target, 0)
            for probe in joined.traces}
    traces = {probe: trace[late[probe] :][:steps] for probe, trace in joined.traces.items()}
    synapses = {p.name: (traces[Probe(p.name, "weights")][-1], traces[Probe(p.name, "tags")][-1])
                for p in unit.network.plastic}
    return cast(R, replace(cast(Any, joined), steps=steps, traces=traces, synapses=synapses))


def _joined(unit: Unit, slices: Slices, recording: R) -> R:
    """All parts together, step for step."""
    network, parts = unit.network, parts_of(unit, slices)
    asked = [Probe(p.name, v) for p in network.populations for v in ("spikes", "v", "u")]
    asked += [Probe(p.name, v) for p in network.plastic for v in SYNAPTIC]
    traces = {probe: _joined_trace(network, probe, parts, recording) for probe in asked
              if all(Probe(name, probe.variable) in recording.traces
                     for name in _names_of(network, probe, parts))}
    synapses = {p.name: _joined_synapses(p, parts, recording) for p in network.plastic}
    overflows = {name: sum(recording.overflows[part.name] for part in found)
                 for name, found in parts.items()
                 if all(part.name in recording.overflows for part in found)}
    # Recordings are dataclasses, of a floor above this one.
    return cast(R, replace(cast(Any, recording), traces=traces, synapses=synapses,
                           overflows=overflows))


Parts: TypeAlias = Mapping[str, Sequence[Part]]


def _blocks(projection: Projection, parts: Parts) -> list[_Block]:
    """All pairs of parts, the parts before the synapses innermost."""
    before, behind = parts[projection.pre], parts[projection.post]
    if len(before) == len(behind) == 1:
        return [_Block(projection.name, before[0], behind[0])]
    return [_Block(f"{projection.name}.{i}.{j}", pre, post)
            for j, post in enumerate(behind) for i, pre in enumerate(before)]


def _cut(projection: Projection, block: _Block, parts: Parts) -> Projection:
    """One block of a projection; its third factors are cut as the neurons behind it are."""
    number = parts[projection.post].index(block.post)
    y1, y2, y3 = (None if name is None else parts[name][number].name
                  for name in projection.modulators)
    weights = np.ascontiguousarray(projection.weights[block.post.neurons, block.pre.neurons])
    return replace(projection, name=block.name, pre=block.pre.name, post=block.post.name,
                   weights=weights, modulators=(y1, y2, y3))


def _names_of(network: Network, probe: Probe, parts: Parts) -> list[str]:
    """What a probe's target is called in the split network."""
    if probe.variable in SYNAPTIC:
        return [block.name for block in _blocks(network.projection(probe.target), parts)]
    return [part.name for part in parts[probe.target]]


def _joined_trace(
    network: Network, probe: Probe, parts: Parts, recording: Recorded
) -> NDArray[Any]:
    pieces = [recording.traces[Probe(name, probe.variable)]
              for name in _names_of(network, probe, parts)]
    if probe.variable in SYNAPTIC:
        return _tiled(pieces, network.projection(probe.target), parts)
    return np.concatenate(pieces, axis=-1)


def _joined_synapses(
    projection: Projection, parts: Parts, recording: Recorded
) -> tuple[NDArray[Any], NDArray[Any]]:
    pieces = [recording.synapses[block.name] for block in _blocks(projection, parts)]
    return (_tiled([weights for weights, _ in pieces], projection, parts),
            _tiled([tags for _, tags in pieces], projection, parts))


def _tiled(pieces: Sequence[NDArray[Any]], projection: Projection, parts: Parts) -> NDArray[Any]:
    """Blocks of shape (…, post, pre) side by side, in the order of `_blocks`."""
    width = len(parts[projection.pre])
    rows = [np.concatenate(pieces[at : at + width], axis=-1)
            for at in range(0, len(pieces), width)]
    return np.concatenate(rows, axis=-2)
