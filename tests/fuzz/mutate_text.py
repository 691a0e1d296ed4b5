"""Edits of a text by its words and lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from fuzz_values import INTEGERS, TEXTS, near_text

_PIECE = re.compile(r"\w+|\s+|[^\w\s]")


def by_words(rng: Random, text: str, words: Sequence[str]) -> str:
    """The text with some words left out, doubled, exchanged or replaced by one of ``words``."""
    pieces = _PIECE.findall(text) or [""]
    for _ in range(rng.choice((1, 1, 1, 2, 6))):
        at = rng.randrange(len(pieces))
        kind = rng.randrange(9)
        if kind == 0:
            pieces[at] = ""
        elif kind == 1:
            pieces[at] *= rng.choice((2, 2, 2, 3, 40, 300))
        elif kind == 2:
            other = rng.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif kind == 3:
            pieces[at] = str(rng.choice(INTEGERS))
        elif kind == 4:
            pieces[at] = near_text(rng, pieces[at])
        elif kind == 5:
            pieces[at] += rng.choice(TEXTS)
        else:
            pieces[at] = rng.choice(words)
    return "".join(pieces)


def by_lines(rng: Random, text: str, values: Sequence[str]) -> str:
    """The text with a line left out, doubled, moved, cut, or with another value."""
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 1, 1, 3))):
        at = rng.randrange(len(lines))
        kind = rng.randrange(16)
        if kind == 0:
            del lines[at:at + rng.choice((1, 1, 5))]
        elif kind == 1:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        elif kind == 2:
            lines[at] = near_text(rng, lines[at])
        elif kind == 3:
            lines.insert(at, lines.pop(rng.randrange(len(lines))))
        else:
            at = rng.choice([i for i, line in enumerate(lines) if "=" in line] or [at])
            lines[at] = _other_value(rng, lines[at], values)
        lines = lines or [""]
    return "\n".join(lines)


def _other_value(rng: Random, line: str, values: Sequence[str]) -> str:
    name, equals, value = line.partition("=")
    if not equals:
        return near_text(rng, line)
    number = re.fullmatch(r"\s*(-?\d{1,18}(?:\.\d+)?)\s*", value)
    if number and rng.random() < 0.5:
        old = float(number[1])
        value = str(rng.choice((old * 2, int(old) + 1, int(old) - 1, -old, old / 1e12, int(old))))
    else:
        value = rng.choice(values)
    return f"{name}= {value}"
