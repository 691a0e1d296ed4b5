"""Small memories of the gated delta rule, codes that try their edges, and floats for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuromorph.circuits.gated_delta import (
    KEY_LIMIT,
    READ_LIMIT,
    VALUE_LIMIT,
    WHOLE_KEY,
    Codes,
    GatedDelta,
)
from neuromorph.dynamics.gated_delta import DeltaSample

MEMORY = GatedDelta(4, 3, 5, -7, 9, 40000, 24)
WHOLE = GatedDelta(4, 3, 1, 0, 5, 40000, 24, "whole")


@dataclass(frozen=True)
class Case:
    """Numbers of a memory, and a sequence for it."""

    numbers: GatedDelta
    codes: Codes


def codes_for(
    numbers: GatedDelta, rng: np.random.Generator, tokens: int = 12, loud: float = 1.0,
    forget: int = 127,
) -> Codes:
    """Random codes, some zeros among them, up to a share of their limits."""
    def drawn(size: int, limit: float) -> NDArray[np.int64]:
        codes = rng.integers(-int(limit), int(limit) + 1, (tokens, size))
        return np.where(rng.random(codes.shape) < 0.1, 0, codes)

    step = WHOLE_KEY if numbers.rounding == "whole" else 1
    limit = loud * READ_LIMIT
    return Codes(drawn(numbers.key_size, limit),
                 step * drawn(numbers.key_size, loud * (KEY_LIMIT // step)),
                 drawn(numbers.key_size, limit),
                 drawn(numbers.value_size, loud * VALUE_LIMIT / 64),
                 rng.integers(0, forget + 1, tokens))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any numbers, quiet and loud codes; loud ones drive weights and errors to their ends."""
    whole = draw(st.booleans())
    numbers = GatedDelta(
        draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 7)),
        draw(st.integers(0, 3) if whole else st.integers(-7, 0)),
        5 if whole else draw(st.integers(5, 12)), draw(st.integers(1, 65535)),
        draw(st.integers(10, 30)), "whole" if whole else "random")
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    loud = draw(st.sampled_from([0.1, 0.5, 1.0]))
    return Case(numbers, codes_for(numbers, rng, draw(st.integers(1, 12)), loud))


def layer(
    rng: np.random.Generator, tokens: int, size: int, *, keep: float = 0.99, rate: float = 0.7,
    forgets_key: bool = True, side_by_side: tuple[int, ...] = (),
) -> DeltaSample:
    """What a layer would send: keys and queries of norm 1, gates around two numbers."""
    shape = (*side_by_side, tokens, size)

    def unit() -> Any:
        some = rng.normal(size=shape)
        return some / np.linalg.norm(some, axis=-1, keepdims=True)

    return DeltaSample(unit(), unit(), rng.normal(size=shape),
                       keep ** rng.uniform(0.5, 1.5, shape[:-1]),
                       np.clip(rate * rng.uniform(0.5, 1.5, shape[:-1]), 0, 1), forgets_key)
