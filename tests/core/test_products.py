"""No program multiplies to more than the 48 bits that a product has before it is shifted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_programs import MAKERS, SIZE

from neuromorph.neurons import NeuronModel, models
from neuromorph.neurons.rsqrt import ROOT_LARGEST
from neuromorph.numerics.limits import PRODUCT_BITS

MOST = 2**23 - 1
SUMS = (0, 1, -1, 77, 2**15, -2**15, 2**17, MOST, -MOST, 2**25, -2**25, ROOT_LARGEST)


class Watched(int):
    """A number that knows the widest product that any of its kind was."""

    widest = 0

    def __mul__(self, other: int) -> Watched:
        product = int(self) * int(other)
        Watched.widest = max(Watched.widest, abs(product).bit_length() + 1)
        return Watched(product)

    __rmul__ = __mul__

    def __abs__(self) -> Watched:
        return Watched(abs(int(self)))


def _watching(name: str) -> Any:
    """The operation of whole numbers, whose result is watched on."""
    of = getattr(int, f"__{name}__")
    return lambda self, *others: Watched(of(int(self), *map(int, others)))


for _name in ("add", "radd", "sub", "rsub", "lshift", "rshift", "rlshift", "and", "rand", "neg",
              "or", "ror", "mod", "floordiv"):
    setattr(Watched, f"__{_name}__", _watching(_name))


def watched(values: Any) -> np.ndarray:
    """An array of such numbers."""
    found = np.empty(np.shape(values), dtype=object)
    for place, value in np.ndenumerate(np.asarray(values, dtype=object)):
        found[place] = Watched(value)
    return found


def widest_product(model: NeuronModel, rng: np.random.Generator, steps: int = 60) -> int:
    """Of a run of all its neurons, by its kernel, on the edges of what may arrive."""
    own = watched(np.stack([np.broadcast_to(np.asarray(value), SIZE)
                            for value in model.constants()], axis=1))
    state = watched(np.zeros((SIZE, len(model.words)), int))
    Watched.widest = 0
    for t in range(steps):
        arrived = watched(rng.choice(SUMS, (SIZE, len(model.ports))))
        for i in range(SIZE):
            model.kernel(own, state, arrived, i, SIZE - 1, t)
    return Watched.widest


TIMED = [kind for kind in MAKERS if kind not in ("Reciprocal", "Quotient")]
"""Those two shift what they hear by what they hear: a foreign payload makes any width of them."""


@pytest.mark.parametrize("kind", TIMED)
def test_products_have_48_bits(kind: str) -> None:
    found = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        found = max(found, widest_product(MAKERS[kind](rng), rng))
    multiplies = models()[kind].operations.get("multiply", 0)
    assert found <= PRODUCT_BITS
    assert (found > 20) == bool(multiplies)


def test_a_wider_product_is_seen() -> None:
    Watched.widest = 0
    assert (Watched(2**24) * 2**23 + 1) >> 3 == 2**44
    assert Watched.widest == 49
