"""Populations of one model, stepped together: a node of a graph is a call, however short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neuromorph.errors import UnsupportedError
from neuromorph.network import Network, Population
from neuromorph.network.bounds import input_range, payload_ranges
from neuromorph.numerics.interval import Interval
from neuromorph.onnx_export.numbers import kind_of
from neuromorph.shown import Shown
from neuromorph.straight import Update, stacked, update_of
from neuromorph.straight.operations import Span


@dataclass(frozen=True, eq=False, repr=False)
class Group(Shown):
    """Populations of one model, one after the other, and their update."""

    name: str
    populations: tuple[Population, ...]
    update: Update

    @property
    def sizes(self) -> list[int]:
        """Neurons of each population."""
        return [p.size for p in self.populations]

    @property
    def size(self) -> int:
        """Neurons of all."""
        return sum(self.sizes)


def groups_of(network: Network, ranges: Mapping[str, Interval] | None = None) -> list[Group]:
    """All populations but sources, by model.

    Raises
    ------
    UnsupportedError
        If a model's kernel is no straight-line code, or what it sends no payload.
    """
    ranges = payload_ranges(network) if ranges is None else ranges
    found: dict[object, list[Population]] = {}
    for p in network.populations:
        if not p.is_source:
            key: object = p.name if _alone(p) else type(p.model)
            found.setdefault(key, []).append(p)
    return [_group(network, tuple(members), ranges) for members in found.values()]


def _alone(population: Population) -> bool:
    """Whether neurons ask for the last one of their population."""
    model = population.model
    return update_of(type(model), stacked([(model, population.size)]), population.size, {},
                     population.name).alone


def _group(
    network: Network, members: tuple[Population, ...], ranges: Mapping[str, Interval]
) -> Group:
    model = type(members[0].model)
    spans = {port: _hull([input_range(network, p.name, ranges, port) for p in members])
             for port in model.ports}
    size = sum(p.size for p in members)
    update = update_of(model, stacked([(p.model, p.size) for p in members]), size, spans,
                       members[0].name)
    for p in members:
        widest = p.model.widest(p.size)
        if kind_of(int(widest.low.min()), int(widest.high.max())) != "int32":
            raise UnsupportedError("a payload is wider than 32 bits", where=p.name)
    name = members[0].name if len(members) == 1 else f"{model.__name__} x {len(members)}"
    return Group(name, members, update)


def _hull(intervals: list[Interval]) -> Span:
    """What may arrive, or nothing as at the start of a run."""
    return (min(0, *(int(one.low.min()) for one in intervals)),
            max(0, *(int(one.high.max()) for one in intervals)))
