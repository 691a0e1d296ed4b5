"""Small memories of prototypes, samples that try their edges, and a model that only counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuromorph.circuits.prototypes import Prototypes, codes_of

SMALL = Prototypes.of_cosines(3, 4, 3, novelty=0.9, resolution=0.03, window=20, signed=True)


@dataclass(frozen=True)
class Samples:
    """What a memory is shown: codes with their labels, then tests."""

    numbers: Prototypes
    codes: NDArray[np.int64]
    labels: NDArray[np.int64]
    tests: NDArray[np.int64]


def vectors(rng: np.random.Generator, count: int, features: int, *, signed: bool) -> Any:
    """Directions, some of them along an axis, some of them equal."""
    some = rng.normal(size=(count, features))
    some[rng.random(count) < 0.2] = 0
    some[np.arange(count), rng.integers(features, size=count)] += 0.5
    repeated = rng.random(count) < 0.2
    some[repeated] = some[0]
    return some if signed else np.abs(some) + 1e-9


@st.composite
def samples(draw: st.DrawFn) -> Samples:
    """A memory that passes its proof, with room for all."""
    features, count, signed = draw(st.integers(1, 6)), draw(st.integers(1, 7)), draw(st.booleans())
    norm = draw(st.sampled_from([1, 5, 64, 126, 127]))
    top = 2 * norm * norm
    threshold = draw(st.integers(1, top + 10))
    ramp = draw(st.integers(1, max(1, threshold // 3)))
    window = draw(st.integers(0, min(threshold // ramp, 25)))
    numbers = Prototypes(features, count, 3, ramp, threshold, draw(st.integers(0, window)), window,
                         norm, 1 + signed)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    codes = codes_of(vectors(rng, count + 3, features, signed=signed), norm)
    return Samples(numbers, codes[:count], rng.integers(3, size=count), codes[count:])


def counted(numbers: Prototypes, code: NDArray[Any], query: NDArray[Any], ramp: int) -> int:
    """The first step by climbing, one number at a time; -1 for none."""
    potential = 2 * sum(int(a) * int(b) for a, b in zip(code, query, strict=True))
    for step in range(ramp + 1):
        if potential > numbers.threshold:
            return step
        potential += numbers.ramp
    return -1


def remembered(given: Samples) -> tuple[list[int], list[int]]:
    """Which samples become prototypes, and what is answered to the tests, by counting alone."""
    kept: list[int] = []

    def answer(query: NDArray[Any], ramp: int) -> int:
        steps = [counted(given.numbers, given.codes[n], query, ramp) for n in kept]
        earliest = min((step for step in steps if step >= 0), default=None)
        votes = [int(given.labels[n]) for n, step in zip(kept, steps, strict=True)
                 if step == earliest]
        return min(votes, key=lambda label: (-votes.count(label), label), default=-1)

    for n, code in enumerate(given.codes):
        if answer(code, given.numbers.learning) != given.labels[n]:
            kept.append(n)
    return kept, [answer(query, given.numbers.window) for query in given.tests]
