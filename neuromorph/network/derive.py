"""Promises of populations, derived from those of what they hear."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from neuromorph.network.arrivals import Arrival, Deliveries, arrivals, parts_of
from neuromorph.network.model import Network
from neuromorph.network.populations import Population
from neuromorph.network.promises import Promise, Turn, norm_of
from neuromorph.network.sources import source_range
from neuromorph.network.sums import gain
from neuromorph.neurons import NeuronModel, registered
from neuromorph.numerics.interval import Interval, rounded_up


def derived(
    network: Network, given: Mapping[str, Promise], period: int
) -> dict[str, Promise]:
    """What each population may send, whatever happened before.

    Parameters
    ----------
    network : Network
        Of the fixed domain.
    given : mapping of str to Promise
        What is known otherwise, of sources or of any other population.
    period : int
        In whose steps promises count.
    """
    promises = {p.name: _in_turns(given[p.name], p.model, period) if p.name in given
                else Promise(_widest(network, p)) for p in network.populations}
    asked = [p for p in network.populations if p.name not in given and _depends(p.model)]
    onwards = _successors(network, {p.name for p in asked})
    waiting, sums = deque(p.name for p in asked), Deliveries()
    due, left = set(waiting), dict.fromkeys(waiting, len(asked))
    while waiting:  # what is promised holds for all time, and so narrows what follows
        name = waiting.popleft()
        due.remove(name)
        left[name] -= 1
        before = promises[name]
        promises[name] = _promise(network, network.population(name), promises, period, sums)
        if not promises[name].same(before):
            again = sorted(other for other in onwards[name] - due if left[other])
            waiting.extend(again)
            due.update(again)
    return promises


def _in_turns(promise: Promise, model: NeuronModel, period: int) -> Promise:
    """What is known otherwise, and only from the neurons whose turn it is by their counters."""
    if model.counts == 1 or period % model.counts or promise.turns is None:
        return promise
    turns = tuple(one for turn in promise.turns
                  for one in _when_due(model, turn.span, turn.usual, turn.steps, period))
    return Promise(promise.span, turns, promise.norm, promise.alone, promise.rivals)


def _promise(
    network: Network, population: Population, promises: Mapping[str, Promise], period: int,
    sums: Deliveries,
) -> Promise:
    model, size = population.model, population.size
    by_port = {port: arrivals(network, population.name, port, promises, period)
               for port in model.ports}
    if not model.at_once:
        overall = {port: Interval.hull((_input(a, size, sums) for a in found), size)
                   for port, found in by_port.items()}
        sent, every = model.payloads(size, overall), frozenset(range(period))
        turns = tuple(_when_due(model, sent, sent, every, period))
    else:
        turns = tuple(_turns(model, size, by_port, period, sums))
    span = Interval.hull((turn.span for turn in turns), size)
    norm = _norm(network, population, promises) if model.at_once else None
    if len(turns) == 1 and len(turns[0].steps) == period:
        return Promise(span, None, norm)
    return Promise(span, turns, norm)


def _turns(
    model: NeuronModel, size: int, by_port: Mapping[str, list[Arrival]], period: int,
    sums: Deliveries,
) -> Iterator[Turn]:
    """What may be sent in which steps, by a model that keeps nothing of what arrives."""
    for together in product(*by_port.values()):
        steps = frozenset.intersection(*(arrival.steps for arrival in together))
        if not steps:
            continue
        arrived, usual = ({port: _input(arrival, size, sums, usual=later)
                           for port, arrival in zip(by_port, together, strict=True)}
                          for later in (False, True))
        if any(arrived[port].silent for port in model.asked_at):
            continue
        yield from _when_due(model, model.payloads(size, arrived), model.payloads(size, usual),
                             steps, period)


def _when_due(
    model: NeuronModel, span: Interval, usual: Interval, steps: frozenset[int], period: int
) -> Iterator[Turn]:
    """The steps in which a counter lets it act; any, if its period does not fit into the whole."""
    if model.counts == 1:
        if not span.silent:
            yield Turn(steps, span, usual)
        return
    if period % model.counts:
        yield Turn(steps, span.with_silence, span.with_silence)
        return
    by_neurons: dict[bytes, list[int]] = {}
    for step in sorted(steps):
        due = np.broadcast_to(model.due(step), span.low.shape)
        if due.any():
            by_neurons.setdefault(due.tobytes(), []).append(step)
    for told, some in by_neurons.items():
        due = np.frombuffer(told, np.bool_)
        mine, its = _of(span, due), _of(usual, due)
        if not (mine.silent and its.silent):
            yield Turn(frozenset(some), mine, its)


def _of(span: Interval, due: NDArray[np.bool_]) -> Interval:
    """What some neurons may send; the others are silent."""
    return Interval(np.where(due, span.low, 0), np.where(due, span.high, 0))


def _input(
    arrival: Arrival, size: int, sums: Deliveries, *, usual: bool = False
) -> Interval:
    return Interval.total(parts_of(arrival, size, sums, usual=usual).values(), size)


def _norm(
    network: Network, population: Population, promises: Mapping[str, Promise]
) -> int | None:
    """From the norms of what it hears, all in one step at the worst; only where one is known."""
    afferent = network.projections_to(population.name)
    known = [p for p in afferent if p.graded and promises[p.pre].norm is not None]
    if not known or len(known) < len(afferent) or len(population.model.ports) > 1:
        return None
    rounding = population.size**0.5 * sum(p.exponent < 0 for p in known)
    heard = rounding + sum(gain(p) * norm_of(promises[p.pre]) for p in known)
    return population.model.norm(population.size, rounded_up(heard))


def _successors(network: Network, names: set[str]) -> dict[str, set[str]]:
    """Which of some populations each of them sends to."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for projection in network.projections:
        if projection.pre in names and projection.post in names:
            found[projection.pre].add(projection.post)
    return found


def _widest(network: Network, population: Population) -> Interval:
    model = registered(population.model, population.name)
    if population.is_source:
        return Interval.same(population.size, *source_range(network, population.name))
    return model.widest(population.size)


def _depends(model: NeuronModel) -> bool:
    """Whether a model sends less where less arrives, or where something does, or at its steps."""
    return (model.at_once or model.counts > 1
            or type(model).payloads is not NeuronModel.payloads)
