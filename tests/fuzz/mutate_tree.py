"""Edits of a tree of objects and lists, as a JSON or TOML parser gives it."""

from __future__ import annotations

from random import Random
from typing import Any

from fuzz_values import AGAIN, near, odd

MOST_NODES = 4000


def edited(rng: Random, tree: Any, raws: tuple[str, ...] = ()) -> Any:
    """The tree with one edit, or a few; the tree itself is changed where it can be."""
    box = [tree]
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        places = _places(box)
        container, key = rng.choice(places)
        if container is box:  # the whole tree: it cannot be left out
            box[0] = odd(rng, raws)
            break
        _edit(rng, container, key, places, raws)
    return box[0]


def _places(box: list[Any]) -> list[tuple[Any, Any]]:
    """Every container with each of its keys or indices."""
    found, open_ones = [], [box]
    while open_ones and len(found) < MOST_NODES:
        container = open_ones.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], dict | list):
                open_ones.append(container[key])
    return found


def _edit(rng: Random, container: Any, key: Any, places: list[tuple[Any, Any]],
          raws: tuple[str, ...]) -> None:
    old, kind = container[key], rng.randrange(20)
    if kind < 8:
        container[key] = near(rng, old, raws)
    elif kind < 12:
        container[key] = odd(rng, raws)
    elif kind < 14:
        there, other = rng.choice(places)
        if other in there if isinstance(there, dict) else other < len(there):
            container[key] = _shallow(there[other])
    elif isinstance(container, dict):
        _edit_object(rng, container, key, raws)
    else:
        _edit_list(rng, container, key)


def _shallow(value: Any) -> Any:
    """A copy, so that no node comes to hold itself."""
    if isinstance(value, dict):
        return {k: _shallow(v) for k, v in value.items()}
    return [_shallow(v) for v in value] if isinstance(value, list) else value


def _edit_object(rng: Random, container: dict[str, Any], key: str, raws: tuple[str, ...]) -> None:
    old, kind = container[key], rng.randrange(5)
    if kind == 0:
        del container[key]
    elif kind == 1:
        container[f"{AGAIN}{key}"] = near(rng, old, raws)
    elif kind == 2:
        container[str(near(rng, key))] = container.pop(key)
    elif kind == 3:
        container[str(odd(rng))] = odd(rng, raws)
    else:
        pairs = list(container.items())
        rng.shuffle(pairs)
        container.clear()
        container.update(pairs)


def _edit_list(rng: Random, container: list[Any], index: int) -> None:
    kind = rng.randrange(5)
    if kind == 0:
        del container[index]
    elif kind == 1:
        container.insert(index, _shallow(container[index]))
    elif kind == 2:
        rng.shuffle(container)
    elif kind == 3:
        container.extend([_shallow(container[index])] * rng.choice((1, 9, 999)))
    else:
        del container[index:]
