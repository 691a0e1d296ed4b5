"""Texts and numbers of learning rules."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random
from typing import Any

from fuzz_engine import Reader
from fuzz_values import near, odd
from mutate_text import by_words

from neuromorph.learning import LearningRule

SERIES = ("2^-4*x1*y0 - 2^-5*w*u0", "-3*2^2*sgn(t - 100)*(x1 + 3)*y0", "x0*y1 + u3*t",
          "2^-1*x1*y1*u0 - 2*w*x0", "x0", "7*2^8*x0*y0*w", "y0*(t + 2^3) - x0*y3")
WORDS = ("x0", "y0", "u0", "u9", "u10", "x1", "x2", "y1", "y2", "y3", "w", "t", "d", "dw", "dt",
         "sgn", "(", ")", "+", "-", "*", "^", "2^", "2^-", "=", "0", "1", "7", "8", "-8", "100",
         "2^9999", "2^-9999", "9" * 400, "٣", "²", " ", "\n", "sgn(w)", "(w + 3)", "(t - 2^2)",
         "((", "__import__", "{}", "**", "/", "e", "1.5", "x1*x1", "x", "u")
NUMBERS = tuple(f"{trace}_{what}" for trace in ("x1", "x2", "y1", "y2", "y3")
                for what in ("impulse", "tau"))
OTHERS = {"epoch": 1, "payload": "impulse", "sign": "mixed", "seed": 0}


def make(rng: Random | None, folder: Path) -> dict[str, Any]:
    if rng is None:
        return {"dw": SERIES[0]}
    fields: dict[str, Any] = {"dw": _series(rng), "dt": _series(rng) if rng.random() < 0.3 else ""}
    for name in NUMBERS:
        if rng.random() < 0.15:
            fields[name] = rng.choice((0, 1, 1.5, 16, 127, math.inf))
            if rng.random() < 0.2:
                fields[name] = rng.choice((math.nan, -1, near(rng, fields[name])))
    for name, value in OTHERS.items():
        if rng.random() < 0.1:
            fields[name] = near(rng, value)
    if rng.random() < 0.05:
        fields[rng.choice(list(fields))] = odd(rng)
    return fields


def _series(rng: Random) -> str:
    text = rng.choice(SERIES)
    return by_words(rng, text, WORDS) if rng.random() < 0.7 else text


def read(fields: dict[str, Any]) -> None:
    rule = LearningRule(**fields)
    for name in ("x1", "y3"):
        rule.keeps(name)
    str(rule.weight_terms), rule.decimation


READER = Reader("rule", make, read)
