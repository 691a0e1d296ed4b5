"""Projections of which only one can speak in a step: what they bring has rival sources.

::

    source k, at most one of which speaks --W_k--> part k, silent unless it hears --> post
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from neuromorph.network.model import Network, Projection
from neuromorph.network.promises import Promise
from neuromorph.neurons.contract import A_IN

Rivals: TypeAlias = tuple[str, int]
"""What the sources have in common, and how many steps later they are heard."""


def rivals(
    network: Network, heard: tuple[Projection, ...], promises: Mapping[str, Promise]
) -> dict[str, Rivals]:
    """Which projections to one port are rivals of each other, by name; others are left out."""
    found = {p.name: _from(network, p, promises) for p in heard}
    many = Counter(found.values())
    return {name: key for name, key in found.items() if key is not None and many[key] > 1}


def _from(
    network: Network, projection: Projection, promises: Mapping[str, Promise]
) -> Rivals | None:
    """A source's rivals, heard directly or through neurons that repeat it at once."""
    own = promises[projection.pre].rivals
    if own:
        return own, projection.delay
    model, ways = network.population(projection.pre).model, network.projections_to(projection.pre)
    if not model.at_once or model.asked_at != (A_IN,) or len(ways) != 1 or ways[0].rule is not None:
        return None
    own = promises[ways[0].pre].rivals
    return (own, projection.delay + 1 + ways[0].delay) if own else None
