"""The integer numbers of a memory of prototypes, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from neuromorph.errors import UsageError
from neuromorph.numerics.limits import TRACE_MAX

LEARNING_MAX = 10
"""Most ramp steps that a novelty threshold is given: a query that teaches ends after 11."""


@dataclass(frozen=True)
class Prototypes:
    """Prototypes as synapses, similarity as the step of the first spike.

    With codes k of a prototype and q of a query, of one length, a row is given the potential
    ``s = 2 k.q`` at once and climbs ``ramp`` a step; it fires at step::

        n = max(0, ceil((threshold + 1 - s) / ramp))        the better match the earlier

    after the query's arrival, or not at all if the ramp ends before. Potentials are in units of
    synaptic input (64 units of v); two equal codes of length `norm` have s = 2 norm^2.

    Attributes
    ----------
    features : int
        Dimensions of a code.
    rows : int
        Prototypes that there is room for.
    classes : int
        Labels, from 0.
    ramp, threshold : int
        Units of potential.
    learning, window : int
        Ramp steps after which nobody counts as similar: while learning, and in a test.
    norm : int
        Length that codes are scaled to, 1 to 127: so no code leaves 7 bits.
    sides : int
        Axons of a code: 1, or 2 where codes may be negative: an ON and an OFF side.

    Raises
    ------
    UsageError
        If a number is out of range.
    """

    features: int
    rows: int
    classes: int
    ramp: int
    threshold: int
    learning: int
    window: int
    norm: int = TRACE_MAX
    sides: int = 1

    def __post_init__(self) -> None:
        for name, low, high in (("features", 1, None), ("rows", 1, None), ("classes", 1, None),
                                ("ramp", 1, None), ("threshold", 1, None), ("learning", 0, None),
                                ("window", self.learning, None), ("norm", 1, TRACE_MAX),
                                ("sides", 1, 2)):
            value = getattr(self, name)
            if value < low or (high is not None and value > high):
                raise UsageError("a number of the prototypes is out of range", where=name,
                                 found=value, expected=f"at least {low}" if high is None
                                 else f"{low} to {high}")

    @classmethod
    def of_cosines(
        cls, features: int, rows: int, classes: int, *, novelty: float, resolution: float,
        window: int, norm: int = TRACE_MAX, signed: bool = False,
    ) -> Prototypes:
        """Numbers for cosines: a match below ``novelty`` is none, a step is ``resolution``.

        ::

            ramp = round(resolution 2 norm^2)
            learning = min(10, floor((1 - novelty) / resolution))
            threshold + 1 = round(novelty 2 norm^2) + learning ramp

        Raises
        ------
        UsageError
            If they are no cosines, or a number is out of range.
        """
        for name, value in (("novelty", novelty), ("resolution", resolution)):
            if not 0 < value < 1:
                raise UsageError("this is no cosine between 0 and 1", where=name, found=value)
        unit = 2 * norm * norm
        ramp = round(resolution * unit)
        if ramp < 1:
            raise UsageError("the ramp is finer than the codes", where="resolution",
                             found=resolution, expected=f"at least {1 / unit:.2g}")
        learning = min(LEARNING_MAX, int((1 - novelty) / resolution))
        threshold = round(novelty * unit) + learning * ramp - 1
        return cls(features, rows, classes, ramp, threshold, learning, window, norm, 1 + signed)

    @property
    def axons(self) -> int:
        """Axons that a code takes."""
        return self.sides * self.features

    @property
    def signed(self) -> bool:
        """Whether codes may be negative."""
        return self.sides == 2

    @property
    def longest(self) -> int:
        """No shorter than any code: what was scaled to `norm`, and sqrt(features) / 2 of rounding.

        In whole numbers: ceil(norm + ceil(sqrt(features)) / 2).
        """
        root = isqrt(self.features - 1) + 1
        return self.norm + (root + 1) // 2

    @property
    def payload_norm(self) -> int:
        """Bound on the 2-norm of one step's payloads: twice a key's codes, and 1 for each zero."""
        return isqrt(4 * self.longest * self.longest + self.axons)

    @property
    def reach(self) -> int:
        """Bound on every similarity, by Cauchy and Schwarz: |W_i| |q| <= payload_norm^2."""
        return self.payload_norm**2
