"""The network of an echo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromorph.errors import RangeProofError
from neuromorph.network import Network, Population, Projection, Relay, Source

LARGEST = 2**23 - 1


@dataclass(frozen=True)
class Echo:
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
    return Network(
        "echo", "fixed",
        (Population("in", echo.size, Source(echo.payload_bits)),
         Population("out", echo.size, Relay())),
        (Projection("w", "in", "out", np.eye(echo.size, dtype=np.int32) * echo.gain,
                    delay=echo.delay, graded=True),),
        motif=echo)
