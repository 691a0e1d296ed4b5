"""Binary keys: how many spikes in how many time bins tell so many keys apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

DELETIONS = 0.1
"""Share of a matching key's spikes that are lost."""


@dataclass(frozen=True)
class KeyCode:
    """Keys of ``bins`` bins, each a spike with chance ``rate``.

    A key matches if it has ``threshold`` of the query's ``spikes``.
    """

    spikes: int
    bins: int
    rate: float
    threshold: int


def tail(trials: int, chance: float, least: int) -> float:
    """P[Bin(trials, chance) >= least]."""
    return math.fsum(math.comb(trials, k) * chance**k * (1 - chance) ** (trials - k)
                     for k in range(max(least, 0), trials + 1))


def false_match_bound(code: KeyCode) -> float:
    """e^(-m KL(k/m || p)) for k > p m; P[Bin(m, p) >= k] is never above it."""
    share = code.threshold / code.spikes
    divergence = share * math.log(share / code.rate)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - code.rate))
    return math.exp(-code.spikes * divergence)


def any_false_match(single: float, others: int) -> float:
    """1 - (1 - P)^others, without cancellation."""
    return -math.expm1(others * math.log1p(-single))


def shortest_key(
    rate: float, *, others: int = 1023, deletions: float = DELETIONS, misses: float = 0.01,
    false_matches: float = 0.01,
) -> KeyCode:
    """The fewest query spikes m, in m / p bins, for which some threshold keeps both errors small.

    Misses: P[Bin(m, 1 - deletions) < k]. False: 1 - (1 - P[Bin(m, p) >= k])^others.
    """
    m = 1
    while True:
        for k in range(m, 0, -1):
            if (1 - tail(m, 1 - deletions, k) <= misses
                    and any_false_match(tail(m, rate, k), others) <= false_matches):
                return KeyCode(m, round(m / rate), rate, k)
        m += 1


def simulated_errors(
    code: KeyCode, trials: int, rng: np.random.Generator, *, others: int = 1023,
    deletions: float = DELETIONS,
) -> tuple[float, float, float]:
    """Share of keys that match falsely, of trials with any false match, and of misses.

    Every trial draws a query with exactly ``spikes`` spikes and all other keys bin by bin.
    """
    single = anyone = missed = 0
    for _ in range(trials):
        query = rng.permutation(code.bins) < code.spikes
        keys = rng.random((others, code.bins), dtype=np.float32) < code.rate
        false = int(((keys & query).sum(axis=1) >= code.threshold).sum())
        kept = query & (rng.random(code.bins) >= deletions)
        single, anyone = single + false, anyone + (false > 0)
        missed += int(kept.sum()) < code.threshold
    return single / (trials * others), anyone / trials, missed / trials
