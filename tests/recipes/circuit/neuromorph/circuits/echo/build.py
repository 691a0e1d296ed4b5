"""The network of an echo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import RangeProofError
from neuromorph.network import (
    Circuit,
    Network,
    Part,
    Population,
    Port,
    Projection,
    Relay,
    Source,
    circuit,
)

LARGEST = 2**23 - 1


@circuit("echo")
@dataclass(frozen=True)
class Echo(Circuit):
    """out[t] = gain x[t - 1 - delay].

    Attributes
    ----------
    size, delay, gain : int
    payload_bits : int
        Of x.
    """

    size: int
    delay: int
    gain: int = 1
    payload_bits: int = 8

    def rebuilt(self, weights: Mapping[str, NDArray[Any]]) -> Network:
        """The echo, of which nothing is free."""
        return build(self)


def build(echo: Echo) -> Network:
    """The network of an echo.

    Raises
    ------
    RangeProofError
        If a payload could exceed its 24 bits.
    """
    most = echo.gain << (echo.payload_bits - 1)
    if most > LARGEST:
        raise RangeProofError("an echo could be too loud", where="out", found=most,
                              expected=f"at most {LARGEST}")
    axons = Population("in", echo.size, Source(echo.payload_bits))
    cells = Population("out", echo.size, Relay())
    way = Projection("w", "in", "out", np.eye(echo.size, dtype=np.int32) * echo.gain,
                     delay=echo.delay, graded=True)
    return Network("echo", "fixed", (axons, cells), (way,),
                   parts=(Part.whole(echo, (axons, cells), (way,)),),
                   inputs=(Port.of(axons, says="x"),), outputs=(Port.of(cells, says="the echo"),))
