"""What may arrive in the same step: projections by the steps in which their axons may speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from neuromorph.network.model import Network, Projection
from neuromorph.network.promises import Promise, norm_of
from neuromorph.network.rivals import Rivals, rivals
from neuromorph.network.sums import delivered, widest_sums
from neuromorph.numerics.interval import Interval


class Volley(NamedTuple):
    """What a projection may bring in one step.

    Attributes
    ----------
    projection : Projection
    sent, usual : Interval
        By its axons; and once nothing is missing that comes with a delay.
    norm : int or None
        Bound on the 2-norm of what they send, where it says more than the interval.
    alone : bool
        Whether at most one of them speaks in a step.
    rivals : Rivals, optional
        Of all volleys that have the same ones only one is more than silence.
    """

    projection: Projection
    sent: Interval
    usual: Interval
    norm: int | None
    alone: bool
    rivals: Rivals | None = None


class Arrival(NamedTuple):
    """What may arrive at a port in some steps of a period, which the others do not differ in."""

    steps: frozenset[int]
    volleys: tuple[Volley, ...]


class Deliveries:
    """Sums of volleys; each is computed once, for as long as promises stay what they are."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, int | None, bool, bool], tuple[Interval, Interval]] = {}

    def __call__(
        self, volley: Volley, *, widest: bool = False, usual: bool = False
    ) -> Interval:
        """What a volley may add, or nothing, as at the start of a run.

        Parameters
        ----------
        volley : Volley
        widest : bool
            The widest sum on the way there.
        usual : bool
            What it adds once nothing is missing.
        """
        if usual:
            return self._sum(volley, volley.usual, widest=False)
        return self._sum(volley, volley.sent, widest=widest).with_silence

    def _sum(self, volley: Volley, sent: Interval, *, widest: bool) -> Interval:
        key = volley.projection.name, id(sent), volley.norm, volley.alone, widest
        if key not in self._kept:  # with the interval, so that its id stays its own
            find = widest_sums if widest else delivered
            self._kept[key] = sent, find(volley.projection, sent, volley.norm, alone=volley.alone)
        return self._kept[key][1]


def parts_of(
    arrival: Arrival, size: int, sums: Deliveries, *, widest: bool = False, usual: bool = False
) -> dict[str, Interval]:
    """What may be added up in one step, by projection; rivals count once, under the first's name.

    Parameters
    ----------
    arrival : Arrival
    size : int
        Neurons that hear it.
    sums : Deliveries
    widest, usual : bool
        As `Deliveries` has them.
    """
    found, together = dict[str, Interval](), dict[Rivals, list[Volley]]()
    for volley in arrival.volleys:
        if volley.rivals is None:
            found[volley.projection.name] = sums(volley, widest=widest, usual=usual)
        else:
            together.setdefault(volley.rivals, []).append(volley)
    for group in together.values():
        found[group[0].projection.name] = Interval.hull(
            (sums(volley, widest=widest, usual=usual) for volley in group), size)
    return found


def arrivals(
    network: Network, population: str, port: str, promises: Mapping[str, Promise], period: int
) -> list[Arrival]:
    """What may arrive at a port, by steps of the period; together these are all of them."""
    heard = network.projections_to(population, port)
    rival = rivals(network, heard, promises)
    always: list[Volley] = []
    at: dict[int, list[Volley]] = {}
    for projection in heard:
        promise = promises[projection.pre]
        if promise.turns is None:
            always.append(Volley(projection, promise.span, promise.span,
                                 _useful_norm(projection, promise), promise.alone,
                                 rival.get(projection.name)))
            continue
        norm = _useful_norm(projection, promise)
        for turn in promise.turns:
            volley = Volley(projection, turn.span, turn.usual, norm, promise.alone,
                            rival.get(projection.name))
            for step in turn.steps:
                at.setdefault((step + 1 + projection.delay) % period, []).append(volley)
    return _grouped(always, at, period)


def _useful_norm(projection: Projection, promise: Promise) -> int | None:
    return norm_of(promise) if projection.graded and promise.norm is not None else None


def _grouped(
    always: list[Volley], at: Mapping[int, list[Volley]], period: int
) -> list[Arrival]:
    """Steps in which the same may arrive, together."""
    groups: dict[tuple[tuple[str, int, int], ...], tuple[list[int], list[Volley]]] = {}
    for step, volleys in at.items():
        key = tuple((v.projection.name, id(v.sent), id(v.usual)) for v in volleys)
        groups.setdefault(key, ([], volleys))[0].append(step)
    found = [Arrival(frozenset(steps), (*always, *volleys)) for steps, volleys in groups.values()]
    if len(at) < period:
        others = frozenset(range(period)).difference(at)
        found.append(Arrival(others, tuple(always)))
    return found
