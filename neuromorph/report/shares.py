"""Shares of right answers with what chance could have done: intervals, and answers one by one."""

from __future__ import annotations

import math

NORMAL = 1.959964
"""Half the width of 95 % of a normal distribution, in standard deviations."""


def wilson(right: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    ::

        (p + z^2/2n  ±  z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n),      z = 1.96

    Parameters
    ----------
    right, of : int
        ``of`` is at least 1.
    """
    share, square = right / of, NORMAL**2 / of
    middle = share + square / 2
    reach = NORMAL * math.sqrt(share * (1 - share) / of + square / (4 * of))
    low, high = (middle - reach) / (1 + square), (middle + reach) / (1 + square)
    return (0.0 if right == 0 else low, 1.0 if right == of else high)


def share_said(right: int, of: int) -> str:
    """``98.50 % (394 of 400; 95 %: 96.77 to 99.31)``."""
    low, high = wilson(right, of)
    return (f"{100 * right / of:.2f} % ({right:,} of {of:,}; 95 %: {100 * low:.2f} to "
            f"{100 * high:.2f})")


def by_chance(some: int, others: int) -> float:
    """How often a fair coin parts these at least as unevenly: the exact sign test, two-sided."""
    count, fewer = some + others, min(some, others)
    tail: int = sum(math.comb(count, k) for k in range(fewer + 1))
    return min(1.0, 2 * tail / float(2**count))


def apart_said(only_ours: int, only_float: int, of: int, each: str = "images") -> str:
    """What a difference of two accuracies is made of, asked about the same things.

    Parameters
    ----------
    only_ours, only_float : int
        Right answers that the other one has wrong.
    of : int
    each : str
        What was asked about.
    """
    if not only_ours + only_float:
        return f"both are right on the same of {of:,} {each}"
    net = abs(only_ours - only_float)
    chance = by_chance(only_ours, only_float)
    ends = "no more than chance would do" if chance > 0.05 else "more than chance would do"
    return (f"{net:,} of {of:,} {each} apart: float alone is right on {only_float:,}, ours alone "
            f"on {only_ours:,}; a coin parts them so in {100 * chance:.2g} % of all cases, "
            f"{ends}")
