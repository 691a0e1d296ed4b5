"""From the numbers of an RMS norm to its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, isqrt, log2, sqrt
from typing import Annotated

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
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.rsqrt import Root, Rsqrt
from neuromorph.neurons.scale import Scale
from neuromorph.neurons.square import RUNGS, Square
from neuromorph.numerics.held import identity, spread, summed
from neuromorph.numerics.limits import MULTIPLIER_MAX, PAYLOAD_BITS, STATE_MAX
from neuromorph.numerics.scalar import X_BITS, Y_BITS
from neuromorph.shapes import Shaped

CENTRE_STEPS = 2
"""Steps that a layer norm takes to find the mean, and to take it away."""

CENTRED_MAX = STATE_MAX >> 1
"""Largest number whose distance from a mean fits 24 bits."""

SHIFT = 22
"""Of R Y: Y has the rest of 24 bits."""

WHY_HARMLESS = ("a rung that leaves 24 bits comes after the one that is kept, and is ignored; "
                "one that is kept has room (ladder)")


@circuit("norm")
@dataclass(frozen=True)
class Norm(Circuit):
    """h = round(R Y / 2^22), Y = scale / ||R||: an RMS norm, as integers; or a layer norm.

    A layer norm takes the mean away first::

        mean = MS(sum_j round(R_j / 2^part); mean_multiplier, mean_shift)

    Y has 24 bits, so that h is never longer than 2 R: of a vector that is shorter than half of
    `length` it is 2 R.

    Attributes
    ----------
    size : int
        Of a vector.
    least : int
        Added to the sum of squares, in units of a payload squared.
    multiplier, y_shift : int
        Of `Rsqrt`: what a long vector becomes as long as.
    limit : int
        Largest payload of h; what is beyond is cut off.
    period : int
    root : int
        0 or 1: whether the norm itself is sent as well.
    centred : int
        0 or 1: whether it is a layer norm. Its R has a bit less.
    heads : int
        Vectors side by side, each over a norm of its own.
    """

    size: int
    least: int
    multiplier: int
    y_shift: int
    limit: int
    period: int
    root: int = 0
    centred: int = 0
    heads: int = 1

    @property
    def width(self) -> int:
        """Numbers of all vectors."""
        return self.heads * self.size

    @property
    def keep_at(self) -> int:
        """Step, after R was sent, in which it arrives to be kept."""
        return 1 + CENTRE_STEPS * self.centred

    @property
    def y_at(self) -> int:
        """The inverse root is sent, and the root."""
        return self.keep_at + RUNGS

    @property
    def h_at(self) -> int:
        """The vector over its norm is sent."""
        return self.y_at + 1

    @property
    def largest(self) -> int:
        """Largest number of R."""
        return CENTRED_MAX if self.centred else STATE_MAX

    @property
    def ladder(self) -> Ladder:
        """How the sum of squares is climbed."""
        return ladder(self.size, self.least)

    @property
    def longest(self) -> int:
        """Bound on the 2-norm of h of a vector."""
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

    @property
    def saturates(self) -> Mapping[str, str]:
        """Numbers of h."""
        return {"scale": f"a number of h beyond {self.limit} is cut off, and counted"}

    def rebuilt(self, weights: Mapping[str, Annotated[Shaped, "..."]]) -> Network:
        """The norm, of which nothing is free."""
        return build(self)


def norm_of(
    size: int, payload: float, limit: int, period: int, *, epsilon: float = 0.0, root: bool = False,
    centred: bool = False, heads: int = 1,
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
    root, centred : bool
    heads : int

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
                int(root), int(centred), heads)


def build(norm: Norm) -> Network:
    """The network of a norm: R in step 0, h in step 8, or in step 10 of a layer norm.

    ::

        R --> square --(1)--> rsqrt --Y--> scale --> h            R --> scale
              square --(1)--> root  --> root << 5 | E
        R --> part --(1)--> mean --(-1)--> square, scale              of a layer norm

    Raises
    ------
    NetworkError
        If it has no numbers, or a constant that `Rsqrt` has not; if a period is so short that
        the next vector comes before h is sent, or too little is added to a sum of squares.
    """
    check(norm)
    rungs, size, heads, period = norm.ladder, norm.width, norm.heads, norm.period
    climbs = {"threshold": rungs.threshold, "least": rungs.least,
              "least_shift": rungs.least_shift, "period": period, "at": norm.y_at % period}
    each, all_, back = identity(size), summed(heads, norm.size), spread(heads, norm.size)
    vector = Population("r", size, Source(PAYLOAD_BITS))
    scale = Population("scale", size, Scale(SHIFT, limit=norm.limit, period=period,
                                            keep_at=norm.keep_at % period,
                                            at=norm.h_at % period))
    populations = [vector, Population("square", size, Square(rungs.shift, STATE_MAX, period,
                                                             norm.keep_at % period)),
                   Population("rsqrt", heads, Rsqrt(
                       multiplier=norm.multiplier, shift=norm.y_shift, **climbs)), scale]
    wait = norm.keep_at - 1
    projections = [Projection("keep", "r", "square", each, wait, graded=True),
                   Projection("hold", "r", "scale", each, wait, graded=True),
                   Projection("sum", "square", "rsqrt", all_, graded=True),
                   Projection("factor", "rsqrt", "scale", back, graded=True)]
    if norm.centred:
        populations += _mean_populations(norm)
        projections += _mean_projections(norm)
    outputs = [Port("h", "scale", size, scale.model.payload_bits, -norm.limit, norm.limit,
                    (norm.h_at % period,), "the vector over its norm", _together(norm))]
    if norm.root:
        root = Population("root", heads, Root(**climbs))
        populations.append(root)
        projections.append(Projection("sum_too", "square", "root", all_, graded=True))
        outputs.append(Port("root", "root", heads, root.model.payload_bits, 0,
                            int(root.model.widest(1).high[0]), (norm.y_at % period,),
                            "the norm"))
    return Network(
        "norm", "fixed", tuple(populations), tuple(projections),
        Schedule(period, (Phase("norm", 0, min(norm.h_at + 1, period)),)),
        (Part.whole(norm, populations, projections),),
        (Port("r", "r", size, PAYLOAD_BITS, -norm.largest, norm.largest, (0,), "a vector"),),
        tuple(outputs))


def check(norm: Norm, where: str = "norm") -> Norm:
    """The norm, if there is such a one.

    Raises
    ------
    NetworkError
        As `build`.
    """
    shortest = norm.h_at - norm.keep_at + 1
    if min(norm.size, norm.heads) < 1 or norm.period < shortest or not (
            1 <= norm.y_shift < 2 * PAYLOAD_BITS):
        raise NetworkError(
            "there is no such norm", where=where,
            found=f"{norm.width} numbers, {norm.period} steps, y_shift {norm.y_shift}",
            expected=f"at least 1 number, {shortest} steps, y_shift 1 to {2 * PAYLOAD_BITS - 1}")
    least = least_of(norm.size, norm.ladder.shift, 0.0)
    if norm.least < least:
        raise NetworkError("too little is added to a sum of squares", where=where,
                           found=norm.least, expected=least,
                           hint="the rounding of a tiny vector could make it long")
    return norm


def mean_constants(size: int) -> tuple[int, int, int]:
    """Bits that each number loses before it is added up; 2^bits / size as multiplier and shift.

    ::

        bits = max(1, ceil(log2(size + 1)))      so that so many numbers of 23 bits fit 24
    """
    bits = max(1, size.bit_length())
    shift = floor(log2(MULTIPLIER_MAX * size / 2**bits))
    return bits, round(2.0 ** (bits + shift) / size), shift


def _mean_populations(norm: Norm) -> list[Population]:
    bits, multiplier, shift = mean_constants(norm.size)
    return [Population("part", norm.width, Requantise(1, bits, 0, STATE_MAX, norm.period,
                                                      1 % norm.period)),
            Population("mean", norm.heads, Requantise(
                multiplier, shift, 0, norm.largest, norm.period, 2 % norm.period))]


def _mean_projections(norm: Norm) -> list[Projection]:
    each, all_ = identity(norm.width), summed(norm.heads, norm.size)
    away = spread(norm.heads, norm.size, -1)
    return [Projection("in_part", "r", "part", each, graded=True),
            Projection("add_up", "part", "mean", all_, graded=True),
            *(Projection(f"centre_{name}", "mean", name, away, graded=True)
              for name in ("square", "scale"))]


def _together(norm: Norm) -> int:
    """Bound on the 2-norm of all vectors: the root of heads longest^2, rounded up."""
    return isqrt(norm.heads * norm.longest**2 - 1) + 1
