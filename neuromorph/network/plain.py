"""A network as plain data, and back: what a program's file and a backend's child process read.

::

    {"name", "domain",
     "populations": [{"name", "size", "kind", "parameters": {…}}, …],
     "projections": [{"name", "pre", "post", "weights": name, "delay", "exponent", "graded",
                      "rule": {…} | None, "modulators": [y1, y2, y3],
                      "port": where it is not a_in}, …]}

Weights stand beside it, by name. Of a network only what runs is kept: no schedule, no parts, no
names of inputs and outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import FileFormatError
from neuromorph.learning import LearningRule
from neuromorph.network.model import Network, Projection
from neuromorph.network.populations import Population
from neuromorph.neurons.contract import A_IN
from neuromorph.neurons.plain import model_of, plain_parameters
from neuromorph.shapes import Shaped

Keep: TypeAlias = Callable[[Annotated[Shaped, "..."]], str]
"""Takes weights, and tells the name under which they are kept."""

RULE_TEXTS = ("dw", "dt", "payload", "sign")
"""The fields of a rule that are text."""


def network_as_dict(network: Network, keep: Keep) -> dict[str, Any]:
    """The network as in the module's heading.

    Parameters
    ----------
    network : Network
    keep : callable
        Called with the weights of every projection, in order.
    """
    return {
        "name": network.name,
        "domain": network.domain,
        "populations": [_population(p) for p in network.populations],
        "projections": [_projection(p, keep) for p in network.projections],
    }


def network_from_dict(
    data: Mapping[str, Any], arrays: Mapping[str, Annotated[Shaped, "..."]]
) -> Network:
    """The network that `network_as_dict` took apart; `verify` it, if others may have written it.

    Parameters
    ----------
    data : mapping
        As in the module's heading, with fields of the right types.
    arrays : mapping of str to array
        Weights by name, shape (post, pre).

    Raises
    ------
    FileFormatError
        If there are no weights of a name, or a rule's fields are not all of its own.
    NetworkError
        If no neuron model has that name, or its parameters are not all of its own.
    """
    name = data["name"]
    return Network(
        name, data["domain"],
        tuple(_read_population(p, f"{name}.{p['name']}") for p in data["populations"]),
        tuple(_read_projection(p, arrays, f"{name}.{p['name']}") for p in data["projections"]))


def _population(population: Population) -> dict[str, Any]:
    return {
        "name": population.name,
        "size": int(population.size),
        "kind": population.model.kind,
        "parameters": plain_parameters(population.model),
    }


def _projection(projection: Projection, keep: Keep) -> dict[str, Any]:
    port = {} if projection.port == A_IN else {"port": projection.port}
    return {
        **port,
        "name": projection.name,
        "pre": projection.pre,
        "post": projection.post,
        "weights": keep(projection.weights),
        "delay": int(projection.delay),
        "exponent": int(projection.exponent),
        "graded": bool(projection.graded),
        "rule": None if projection.rule is None else _rule(projection.rule),
        "modulators": list(projection.modulators),
    }


def _rule(rule: LearningRule) -> dict[str, Any]:
    """All fields; a NumPy number as a plain one."""
    return {name: value.item() if isinstance(value, np.generic) else value
            for name, value in asdict(rule).items()}


def _read_population(found: Mapping[str, Any], where: str) -> Population:
    return Population(found["name"], found["size"],
                      model_of(found["kind"], found["parameters"], where))


def _read_projection(
    found: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], where: str
) -> Projection:
    name = found["weights"]
    if name not in arrays:
        raise FileFormatError("there are no weights of that name", where=where, found=name)
    y1, y2, y3 = found["modulators"]
    return Projection(found["name"], found["pre"], found["post"], arrays[name], found["delay"],
                      found["exponent"], found["graded"], _read_rule(found["rule"], where),
                      (y1, y2, y3), found.get("port", A_IN))


def _read_rule(found: Mapping[str, Any] | None, where: str) -> LearningRule | None:
    """A rule; it checks its own values. JSON has no infinity: null stands for it."""
    if found is None:
        return None
    expected = {field.name for field in fields(LearningRule)}
    if found.keys() != expected:
        raise FileFormatError("the fields are not those of a learning rule", where=where,
                              found=", ".join(sorted(expected.symmetric_difference(found))))
    rule: dict[str, Any] = {name: math.inf if value is None else value
                            for name, value in found.items()}
    for name in RULE_TEXTS:
        if not isinstance(rule[name], str):
            raise FileFormatError(f"{name} must be text", where=where, found=repr(rule[name]))
    return LearningRule(**rule)
