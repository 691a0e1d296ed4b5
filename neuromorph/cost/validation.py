"""Estimates held against published measurements: prediction, measurement, ratio, set by set.

::

    ratio  =  predicted / measured              factor  =  max(ratio, 1 / ratio)

A set is never judged on a row that gave one of its constants. Nothing is fitted here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from neuromorph.cost.estimate import Estimate, estimate
from neuromorph.cost.measured import ROWS, Quantity, Row, Value
from neuromorph.profiles import Profile, load_profile
from neuromorph.shown import Shown

ENERGIES: tuple[Quantity, ...] = ("dynamic", "total")
CLOSE = 2.0
"""The factor within which an estimate of energy should be, where its counts are the chip's."""

CHIP = "loihi2"
BEFORE, AFTER = "pilotnet_measured", "pilotnet_per_core"
"""The same prices without and with those that rows asked for: a core in use, ternary weights."""


@dataclass(frozen=True, repr=False)
class Judged(Shown):
    """One number of one row, by one set.

    Attributes
    ----------
    row : Row
    quantity : str
    costs : str
        The set.
    predicted : float or None
        None where the set lacks a constant.
    measured : Value
    own : bool
        Whether the row gave the set a constant: then it is no judgement.
    """

    row: Row
    quantity: Quantity
    costs: str
    predicted: float | None
    measured: Value
    own: bool

    @property
    def ratio(self) -> float | None:
        """Predicted by measured."""
        return None if self.predicted is None else self.predicted / self.measured.value

    @property
    def factor(self) -> float | None:
        """How far off, either way; None for what is no judgement or not predicted."""
        if self.own or not self.ratio:
            return None
        return max(self.ratio, 1 / self.ratio)


def judged(rows: Sequence[Row] = ROWS, chip: str = CHIP) -> list[Judged]:
    """Every number of every row by every set."""
    profile = load_profile(chip)
    return [Judged(row, quantity, costs, predicted(row, quantity, profile, costs), value,
                   costs in row.gave)
            for row in rows for quantity, value in row.measured.items()
            for costs in profile.energy]


def predicted(row: Row, quantity: Quantity, profile: Profile, costs: str) -> float | None:
    """What a set says of one number of a row; None where it lacks a constant."""
    board = replace(profile, board=profile.board.model_copy(update={"chips": row.board_chips}))
    found = estimate([row.work], board, costs, chips=row.chips, cores=row.cores)
    if quantity == "board_watts":
        watts = profile.power[costs].static_board
        return None if watts is None else watts / 1e3 * row.board_chips
    if quantity == "total":
        return _with_idle_chips(found, row, profile, costs)
    if quantity == "host_seconds":
        return None if found.host_seconds is None else sum(found.host_seconds) / 2
    return found.dynamic if quantity == "dynamic" else found.seconds


def _with_idle_chips(found: Estimate, row: Row, profile: Profile, costs: str) -> float | None:
    """Idle for as long as was measured, so that an error of time is not counted twice."""
    watts = profile.power[costs].static_chip
    seconds = row.measured["seconds"].value
    if found.dynamic is None:
        return None
    if watts is None:  # all power is in the set's prices, or the set has none
        return found.dynamic if costs in row.gave else None
    return found.dynamic + watts / 1e3 * row.chips * seconds


def before_and_after(found: Sequence[Judged]) -> dict[str, tuple[float, float, int]]:
    """Median factor of energy without and with the constants that rows asked for, and of how many.

    ``judged``: rows that gave neither set a constant. ``fitted too``: all rows that both predict,
    those that gave one included, which is no judgement.
    """
    by_row: dict[str, dict[str, Judged]] = {}
    for one in found:
        if one.quantity in ENERGIES and one.costs in (BEFORE, AFTER) and one.ratio:
            by_row.setdefault(one.row.name, {})[one.costs] = one
    pairs = [(each[BEFORE], each[AFTER]) for each in by_row.values() if len(each) == len(
        (BEFORE, AFTER))]
    some = {"judged": [pair for pair in pairs if not any(one.own for one in pair)],
            "fitted too": pairs}
    return {name: (median(_off(before) for before, _ in chosen),
                   median(_off(after) for _, after in chosen), len(chosen))
            for name, chosen in some.items() if chosen}


def _off(one: Judged) -> float:
    ratio = one.ratio or 1.0
    return max(ratio, 1 / ratio)


def median_factor(
    costs: str, quantities: Sequence[Quantity] = ENERGIES, found: Sequence[Judged] | None = None,
) -> tuple[float, int] | None:
    """The median over all rows that a set is judged on, and how many; None without one."""
    factors = [one.factor for one in (judged() if found is None else found)
               if one.costs == costs and one.quantity in quantities and one.factor is not None]
    return (median(factors), len(factors)) if factors else None


def misses(found: Sequence[Judged]) -> Iterator[Judged]:
    """Energies of rows on one chip, counted by the chip, that are further off than they should."""
    for one in found:
        if (one.quantity in ENERGIES and one.row.counted == "chip" and one.row.chips == 1
                and one.factor is not None and one.factor > CLOSE):
            yield one
