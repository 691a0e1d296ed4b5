"""From the numbers of an RMS norm to its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, log2, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.norm.bound import gain, least_of, longest
from neuromorph.errors import NetworkError
from neuromorph.network import (
    Circuit,
    Network,
    Part,
    Phase,
    Population,
    Port,
    Projection,
    Schedule,
    Source,
    circuit,
)
from neuromorph.neurons.ladder import Ladder, ladder
from neuromorph.neurons.rsqrt import Root, Rsqrt
from neuromorph.neurons.scale import Scale
from neuromorph.neurons.square import Square
from neuromorph.numerics.limits import MULTIPLIER_MAX, PAYLOAD_BITS, STATE_MAX
from neuromorph.numerics.scalar import X_BITS, Y_BITS

KEEP_AT, Y_AT, H_AT = 1, 7, 8
"""Steps after R was sent: it is kept; its inverse root, and its root, are sent; h is sent."""

SHIFT = 22
"""Of R Y: Y has the rest of 24 bits."""

WHY_HARMLESS = ("a rung that leaves 24 bits comes after the one that is kept, and is ignored; "
                "one that is kept has room (ladder)")


@circuit("norm")
@dataclass(frozen=True)
class Norm(Circuit):
    """h = round(R Y / 2^22), Y = scale / ||R||: an RMS norm, as integers.

    Y has 24 bits, so that h is never longer than 2 R: of a vector that is shorter than half of
    `length` it is 2 R.

    Attributes
    ----------
    size : int
    least : int
        Added to the sum of squares, in units of a payload squared.
    multiplier, y_shift : int
        Of `Rsqrt`: what a long vector becomes as long as.
    limit : int
        Largest payload of h; what is beyond is cut off.
    period : int
    root : int
        0 or 1: whether the norm itself is sent as well.
    """

    size: int
    least: int
    multiplier: int
    y_shift: int
    limit: int
    period: int
    root: int = 0

    @property
    def ladder(self) -> Ladder:
        """How the sum of squares is climbed."""
        return ladder(self.size, self.least)

    @property
    def longest(self) -> int:
        """Bound on the 2-norm of h."""
        found = self.ladder
        return longest(self.size, found.threshold, self.multiplier, self.y_shift, found.shift,
                       SHIFT)

    @property
    def length(self) -> float:
        """The 2-norm of h of a long vector: its payload's root mean square times sqrt(size)."""
        return gain(self.multiplier, self.y_shift, self.ladder.shift, SHIFT)

    @property
    def harmless(self) -> Mapping[str, str]:
        """Rungs beyond the kept one."""
        return dict.fromkeys(("rsqrt", "root")[: 1 + self.root], WHY_HARMLESS)

    def rebuilt(self, weights: Mapping[str, NDArray[Any]]) -> Network:
        """The norm, of which nothing is free."""
        return build(self)


def norm_of(
    size: int, payload: float, limit: int, period: int, *, epsilon: float = 0.0, root: bool = False
) -> Norm:
    """The norm whose payloads have a root mean square of ``payload``.

    Parameters
    ----------
    size : int
    payload : float
        Of h.
    limit : int
    period : int
        At least 8 steps.
    epsilon : float
        Mean square, in units of R squared, that is added to that of R.
    root : bool

    Raises
    ------
    NetworkError
        If no multiplier of 16 bits makes such a norm.
    """
    rungs = ladder(size)
    wanted = payload * sqrt(size) * 2.0 ** (SHIFT - rungs.shift / 2)
    y_shift = floor(log2(MULTIPLIER_MAX / wanted)) + X_BITS // 2 + Y_BITS if wanted > 0 else 0
    if not 1 <= y_shift < 2 * PAYLOAD_BITS:
        raise NetworkError("there is no such norm", where="norm", found=f"payloads of {payload}",
                           expected="more than 0, and less than their limit")
    multiplier = int(wanted * 2.0 ** (y_shift - X_BITS // 2 - Y_BITS))
    return Norm(size, least_of(size, rungs.shift, epsilon), multiplier, y_shift, limit, period,
                int(root))


def build(norm: Norm) -> Network:
    """The network of a norm: R in step 0, the inverse root in step 7, h in step 8.

    ::

        R --> square --(1)--> rsqrt --Y--> scale --> h            R --> scale
              square --(1)--> root  --> root << 5 | E

    Raises
    ------
    NetworkError
        If it has no numbers, or a constant that `Rsqrt` has not; if a period is so short that
        the next vector comes before h is sent, or too little is added to a sum of squares.
    """
    if norm.size < 1 or norm.period < H_AT or not 1 <= norm.y_shift < 2 * PAYLOAD_BITS:
        raise NetworkError(
            "there is no such norm", where="norm",
            found=f"{norm.size} numbers, {norm.period} steps, y_shift {norm.y_shift}",
            expected=f"at least 1 number, {H_AT} steps, y_shift 1 to {2 * PAYLOAD_BITS - 1}")
    rungs, size, period = norm.ladder, norm.size, norm.period
    if norm.least < least_of(size, rungs.shift, 0.0):
        raise NetworkError("too little is added to a sum of squares", where="norm",
                           found=norm.least, expected=least_of(size, rungs.shift, 0.0),
                           hint="the rounding of a tiny vector could make it long")
    climbs = {"threshold": rungs.threshold, "least": rungs.least,
              "least_shift": rungs.least_shift, "period": period, "at": Y_AT % period}
    each, all_ = np.eye(size, dtype=np.int32), np.ones((1, size), np.int32)
    vector = Population("r", size, Source(PAYLOAD_BITS))
    scale = Population("scale", size, Scale(SHIFT, limit=norm.limit, period=period,
                                            keep_at=KEEP_AT, at=H_AT % period))
    populations = [vector, Population("square", size, Square(rungs.shift, STATE_MAX, period,
                                                             KEEP_AT)),
                   Population("rsqrt", 1, Rsqrt(multiplier=norm.multiplier, shift=norm.y_shift,
                                                **climbs)), scale]
    projections = [Projection("keep", "r", "square", each, graded=True),
                   Projection("hold", "r", "scale", each, graded=True),
                   Projection("sum", "square", "rsqrt", all_, graded=True),
                   Projection("factor", "rsqrt", "scale", all_.T.copy(), graded=True)]
    outputs = [Port("h", "scale", size, scale.model.payload_bits, -norm.limit, norm.limit,
                    (H_AT % period,), "the vector over its norm", norm=norm.longest)]
    if norm.root:
        root = Population("root", 1, Root(**climbs))
        populations.append(root)
        projections.append(Projection("sum_too", "square", "root", all_, graded=True))
        outputs.append(Port("root", "root", 1, root.model.payload_bits, 0,
                            int(root.model.widest(1).high[0]), (Y_AT % period,), "the norm"))
    return Network(
        "norm", "fixed", tuple(populations), tuple(projections),
        Schedule(period, (Phase("norm", 0, min(H_AT + 1, period)),)),
        (Part.whole(norm, populations, projections),),
        (Port("r", "r", size, PAYLOAD_BITS, -STATE_MAX, STATE_MAX, (0,), "a vector"),),
        tuple(outputs))
