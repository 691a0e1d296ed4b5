"""A stable text form of a network, made for reading and for diffs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import escaped
from neuromorph.network.model import THIRD, Network, Projection
from neuromorph.network.populations import Population
from neuromorph.network.ports import Port
from neuromorph.neurons.contract import A_IN, Parameter
from neuromorph.numerics.synapse import blocks


def to_text(network: Network) -> str:
    """One line a population, projection, rule, phase and port; weights as range and digest.

    Equal networks give equal text. Weights are named by the first 12 digits of their
    sha256, so one changed synapse changes one line.
    """
    lines = [f"network {network.name} {network.domain}"]
    lines += [_population(p) for p in network.populations]
    lines += [line for p in network.projections for line in (_projection(p), *_plasticity(p))]
    if network.schedule is not None:
        lines.append(f"schedule period={network.schedule.period}")
        lines += [f"  phase {p.name} {p.start}:{p.stop}" for p in network.schedule.phases]
    lines += [_port("input", p) for p in network.inputs]
    lines += [_port("output", p) for p in network.outputs]
    return "\n".join(map(escaped, lines)) + "\n"


def _population(population: Population) -> str:
    settings = " ".join(f"{k}={_number(v)}" for k, v in population.model.parameters().items())
    return f"population {population.name} {population.size} {population.model.kind} {settings}"


def _port(what: str, port: Port) -> str:
    """Its steps as spans, from the first up to, not including, the last."""
    kind = f"graded payload_bits={port.payload_bits}" if port.payload_bits else "plain"
    steps = "" if port.steps is None else f" steps={','.join(_spans(port.steps))}"
    says = f" {port.says}" if port.says else ""
    return (f"{what} {port.name} {port.population} {port.size} {kind} {port.low}..{port.high}"
            f"{steps}{says}")


def _spans(steps: Iterable[int]) -> Iterator[str]:
    for _, run in groupby(enumerate(steps), lambda one: one[1] - one[0]):
        found = [step for _, step in run]
        yield f"{found[0]}:{found[-1] + 1}"


def _number(value: Parameter) -> str:
    """Whole numbers without a point, others with all their digits; arrays as weights are told."""
    if isinstance(value, np.ndarray):
        return f"{_span(value)}#{_digest(value)}"
    return str(int(value)) if value == int(value) else repr(float(value))


def _projection(projection: Projection) -> str:
    w = projection.weights
    port = "" if projection.port == A_IN else f".{projection.port}"
    return (
        f"projection {projection.name} {projection.pre}->{projection.post}{port} "
        f"{w.shape[0]}x{w.shape[1]} exponent={projection.exponent} delay={projection.delay} "
        f"{'graded' if projection.graded else 'plain'} weights={_span(w)} sha256={_digest(w)}"
    )


def _digest(values: NDArray[Any]) -> str:
    """Of the numbers, whatever their type."""
    told, flat = hashlib.sha256(), np.ascontiguousarray(values).reshape(-1)
    for some in blocks(flat.size, 1):
        told.update(flat[some].astype("<f8").tobytes())
    return told.hexdigest()[:12]


def _span(values: NDArray[Any]) -> str:
    return f"{values.min():g}..{values.max():g}" if values.size else "empty"


def _plasticity(projection: Projection) -> Iterator[str]:
    """A line for the rule, with all that differs from its defaults, and its third factors."""
    rule = projection.rule
    if rule is None:
        return
    told = [f"{f.name}={getattr(rule, f.name)!r}" for f in fields(rule)
            if getattr(rule, f.name) != f.default]
    told += [f"{y}={name}" for y, name in zip(THIRD, projection.modulators, strict=True) if name]
    yield "  rule " + " ".join(told)
