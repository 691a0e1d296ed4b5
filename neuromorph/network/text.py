"""A stable text form of a network, made for reading and for diffs; `parse` reads it back.

::

    network NAME DOMAIN
    population NAME SIZE MODEL parameter=value …
    projection NAME PRE->POST[.PORT] ROWSxCOLUMNS exponent=… delay=… graded|plain weights=… sha256=…
      rule field=value … y1=MODULATOR …
    schedule period=STEPS
      phase NAME START:STOP
    part CIRCUIT offset=STEP field=value …
      populations BUILDER_NAME=NAME …
      projections BUILDER_NAME=NAME …
    input NAME POPULATION SIZE plain|graded payload_bits=… LOW..HIGH steps=… norm=… stride=…
        course=LOW..HIGH@START:STOP,… first=1 alone=1 rivals=NAME WHAT IT SAYS    (one line)
    output …

Names are words as in `words`. A port is named where it is not ``a_in``, and where there is a point
in the name before it. An array is its least and largest number and its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from itertools import groupby
from numbers import Integral
from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.learning import LearningRule
from neuromorph.network.model import THIRD, Modulators, Network, Phase, Projection
from neuromorph.network.parts import Names, Part, Plain, plain_fields
from neuromorph.network.populations import Population
from neuromorph.network.ports import Port
from neuromorph.network.words import phrase, word
from neuromorph.neurons.contract import A_IN, Parameter
from neuromorph.numerics.synapse import blocks
from neuromorph.shapes import Shaped

Tell: TypeAlias = Callable[[Annotated[Shaped, "..."]], str]
"""Tells an array's digest."""


def digest(values: Annotated[Shaped, "..."]) -> str:
    """The first 12 digits of the sha256 of the numbers, row by row, whatever their type."""
    told, flat = hashlib.sha256(), np.ascontiguousarray(values).reshape(-1)
    for some in blocks(flat.size, 1):
        told.update(flat[some].astype("<f8").tobytes())
    return told.hexdigest()[:12]


def to_text(network: Network) -> str:
    """One line a population, projection, rule, phase and port; weights as range and digest.

    Equal networks give equal text. Weights are named by the first 12 digits of their
    sha256, so one changed synapse changes one line.
    """
    lines = [network_line(network.name, network.domain)]
    lines += [population_line(p) for p in network.populations]
    for p in network.projections:
        lines.append(projection_line(p))
        lines += [] if p.rule is None else [rule_line(p.rule, p.modulators)]
    if network.schedule is not None:
        lines.append(schedule_line(network.schedule.period))
        lines += [phase_line(p) for p in network.schedule.phases]
    for part in network.parts:
        lines += [part_line(part), names_line("populations", part.populations),
                  names_line("projections", part.projections)]
    lines += [port_line("input", p) for p in network.inputs]
    lines += [port_line("output", p) for p in network.outputs]
    return "\n".join(lines) + "\n"


def arrays_of(*networks: Network) -> dict[str, Annotated[Shaped, "..."]]:
    """All arrays that the texts of some networks name, by digest: what `parse` wants beside them.

    Weights go before parameters with the same numbers, which may be of another type.
    """
    found: dict[str, NDArray[Any]] = {}
    for network in networks:
        for projection in network.projections:
            found.setdefault(digest(projection.weights), projection.weights)
    for network in networks:
        for population in network.populations:
            for value in population.model.parameters().values():
                if isinstance(value, np.ndarray):
                    found.setdefault(digest(value), value)
    return found


def network_line(name: str, domain: str) -> str:
    """The first line; the name may have blanks, for the domain ends it."""
    return f"network {phrase(name)} {word(domain)}"


def population_line(population: Population, tell: Tell = digest) -> str:
    """A population with all parameters of its model."""
    settings = " ".join(f"{k}={_number(v, tell)}"
                        for k, v in population.model.parameters().items())
    return (f"population {word(population.name)} {population.size} {word(population.model.kind)} "
            f"{settings}")


def projection_line(projection: Projection, tell: Tell = digest) -> str:
    """A projection without its rule."""
    w = projection.weights
    post, port = word(projection.post), f".{word(projection.port)}"
    if projection.port == A_IN and "." not in post:
        port = ""
    return (
        f"projection {word(projection.name)} {word(projection.pre)}->{post}{port} "
        f"{w.shape[0]}x{w.shape[1]} exponent={projection.exponent} delay={projection.delay} "
        f"{'graded' if projection.graded else 'plain'} weights={_span(w)} sha256={tell(w)}"
    )


def rule_line(rule: LearningRule, modulators: Modulators) -> str:
    """A plastic projection's rule, with all that differs from its defaults, and third factors."""
    told = [f"{f.name}={_field(getattr(rule, f.name))}" for f in fields(rule)
            if getattr(rule, f.name) != f.default]
    told += [f"{y}={word(name)}"
             for y, name in zip(THIRD, modulators, strict=True) if name]
    return "  rule " + " ".join(told)


def schedule_line(period: int) -> str:
    """A schedule without its phases."""
    return f"schedule period={period}"


def phase_line(phase: Phase) -> str:
    """A phase, from its first step up to, not including, its last."""
    return f"  phase {word(phase.name)} {phase.start}:{phase.stop}"


def port_line(what: str, port: Port) -> str:
    """An input or output; its steps as spans, from the first up to, not including, the last."""
    kind = f"graded payload_bits={port.payload_bits}" if port.payload_bits else "plain"
    claims = "".join(f" {name}={value}" for name, value in _claims(port))
    says = f" {phrase(port.says)}" if port.says else ""
    if port.says.startswith(tuple(f"{name}=" for name in CLAIMS)):
        says = f" \\x{ord(port.says[0]):02x}{says[2:]}"  # it says so, but does not mean it
    return (f"{what} {word(port.name)} {word(port.population)} {port.size} {kind} "
            f"{port.low}..{port.high}{claims}{says}")


CLAIMS = "steps", "norm", "stride", "course", "first", "alone", "rivals"
"""What a port's line may say of it, in this order, before its text."""


def _claims(port: Port) -> Iterator[tuple[str, str]]:
    if port.steps is not None:
        yield "steps", ",".join(_spans(port.steps))
    if port.norm is not None:
        yield "norm", str(port.norm)
    if port.stride != 1:
        yield "stride", str(port.stride)
    if port.course is not None:
        yield "course", ",".join(f"{low}..{high}@{start}:{stop}"
                                 for start, stop, low, high in port.course)
    if port.first:
        yield "first", "1"
    if port.alone:
        yield "alone", "1"
    if port.rivals:
        yield "rivals", word(port.rivals)


def part_line(part: Part) -> str:
    """A part without its names."""
    told = "".join(f" {name}={_plain(value)}"
                   for name, value in plain_fields(part.circuit).items())
    return f"part {word(part.circuit.kind)} offset={part.offset}{told}"


def names_line(what: str, names: Names) -> str:
    """What a builder's populations or projections are called."""
    told = "".join(f" {_own(own)}={word(here)}" for own, here in names)
    return f"  {what}{told}"


def _own(name: str) -> str:
    return word(name).replace("=", r"\x3d")


def _plain(value: Plain) -> str:
    return str(int(value)) if isinstance(value, int) else _field(value)


def _spans(steps: Iterable[int]) -> Iterator[str]:
    for _, run in groupby(enumerate(steps), lambda one: one[1] - one[0]):
        found = [step for _, step in run]
        yield f"{found[0]}:{found[-1] + 1}"


def _number(value: Parameter, tell: Tell) -> str:
    """Whole numbers without a point, others with all their digits; arrays as weights are told."""
    if isinstance(value, np.ndarray):
        return f"{_span(value)}#{tell(value)}"
    return str(int(value)) if value == int(value) else repr(float(value))


def _field(value: object) -> str:
    """Of a rule: texts in quotes, numbers with all their digits."""
    if isinstance(value, str):
        return "'" + phrase(value).replace("'", r"\x27") + "'"
    return str(int(value)) if isinstance(value, Integral) else repr(float(value))  # type: ignore[arg-type]


def _span(values: NDArray[Any]) -> str:
    return f"{values.min():g}..{values.max():g}" if values.size else "empty"
