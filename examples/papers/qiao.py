"""Attention as conditioning: what fast weights hold, by Hebb's rule, the delta rule and others.

Qiao 2025. The science notes give two or three digits, from a handful of runs: rows are judged to
0.02. Keys are random and of norm 1, values random and of any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from neuromorph.papers.fast_weights import delta, delta_sweep, hebb, multiplicative
from neuromorph.report.canvas import ACCENT, INK, QUIET

TITLE = "Qiao 2025: attention as conditioning, and the capacity of fast weights"
PAPER = "Qiao 2025"

ABOUT = Paper(
    title="Qiao, 2025 (attention as conditioning)",
    claims="Attention is a fast weight that Hebb's rule writes; the delta rule holds more; several "
           "heads that know the same make up for each other's mistakes.",
    built="`papers.fast_weights`, rules `hebb`, `delta`, `gated_delta`, `multiplicative`.",
    verdict="Capacities follow. The delta rule recalls exactly only where keys are orthogonal, or "
            "in the limit of many passes.",
    shown=("Hebb, 32 pairs in 64 dimensions: error",
           "delta rule, N / d = 0.5, one pass: error",
           "delta rule, N / d = 1, 20 passes: error"))

SIZE = 64
"""Dimensions of keys and values."""

TOLERANCE = 0.02

HEBB = {8: 0.33, 16: 0.48, 32: 0.69, 64: 1.0}
"""Relative error by number of pairs."""

DELTA = {8: 0.242, 16: 0.364, 32: 0.542, 64: 0.774}
"""Relative error after one pass, by number of pairs."""

PASSES = 20

SOON_EXACT = {8: 0.01, 16: 0.01, 32: 0.01}
"""Largest relative error after `PASSES`, by number of pairs."""

LATE = {48: 0.08, 58: 0.25, 64: 0.36}
"""Relative error after `PASSES`, where keys are hardly independent; to `LATE_WITHIN`."""

LATE_WITHIN = 0.03

SLOW = 0.77
"""With as many keys as dimensions, the relative error after T passes is SLOW T^(-1/4)."""

Floats = NDArray[np.float64]
Rule = Callable[[Floats, Floats, Floats], Floats]


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    trials = 500 if full else 100
    tell("Hebb's rule")
    rows = hebb_rows(trials)
    tell("delta rule")
    rows += delta_rows(trials)
    tell("worst case")
    rows += worst_case_rows(2 * trials)
    tell("multiplicative rule, redundancy")
    rows += [multiplicative_row(), *redundancy_rows(100 * trials)]
    tell("capacity curves")
    draw_capacity(trials, figures / "qiao_capacity.png")
    return rows


# --- how much of what was stored comes back


def pairs(rng: np.random.Generator, count: int, size: int = SIZE) -> tuple[Floats, Floats]:
    """Keys of norm 1 and values, shape (count, size) each."""
    keys = rng.standard_normal((count, size))
    return keys / np.linalg.norm(keys, axis=1, keepdims=True), rng.standard_normal((count, size))


def learn(rule: Rule, keys: Floats, values: Floats, passes: int = 1) -> Floats:
    weights = np.zeros((values.shape[1], keys.shape[1]))
    for _ in range(passes):
        for key, value in zip(keys, values, strict=True):
            weights = rule(weights, key, value)
    return weights


def relative_error(rule: Rule, count: int, trials: int, passes: int = 1) -> float:
    """sqrt(sum |S k - v|^2 / sum |v|^2) over all pairs of all trials."""
    missed = total = 0.0
    for trial in range(trials):
        keys, values = pairs(np.random.default_rng([count, trial]), count)
        weights = learn(rule, keys, values, passes)
        missed += float(((keys @ weights.T - values) ** 2).sum())
        total += float((values**2).sum())
    return math.sqrt(missed / total)


def hebb_rows(trials: int) -> list[Row]:
    rows = []
    for count, noted in HEBB.items():
        error = relative_error(hebb, count, trials)
        rows.append(row(PAPER, f"Hebb, {count} pairs in {SIZE} dimensions: error", noted, error,
                        TOLERANCE))
        rows.append(row(PAPER, "the same against sqrt((N - 1) / d)",
                        math.sqrt((count - 1) / SIZE), error, TOLERANCE))
    return rows


def delta_rows(trials: int) -> list[Row]:
    """One pass; many; and why: a pass is a Gauss-Seidel sweep on the keys' overlaps."""
    rows = [row(PAPER, f"delta rule, N / d = {count / SIZE}, one pass: error", noted,
                relative_error(delta, count, trials), TOLERANCE)
            for count, noted in DELTA.items()]
    rows += [bound(PAPER, f"delta rule, N / d = {count / SIZE}, {PASSES} passes: error", most,
                   relative_error(delta, count, trials // 10, PASSES))
             for count, most in SOON_EXACT.items()]
    rows += [row(PAPER, f"delta rule, N / d = {count / SIZE:.2g}, {PASSES} passes: error", noted,
                 relative_error(delta, count, trials // 10, PASSES), LATE_WITHIN)
             for count, noted in LATE.items()]
    return [*rows, *sweep_rows(trials)]


def sweep_rows(trials: int) -> list[Row]:
    rng = np.random.default_rng(0)
    keys, values = pairs(rng, SIZE)
    left = values - keys @ learn(delta, keys, values).T
    off = np.abs(left - delta_sweep(keys) @ values).max()
    axes = np.linalg.qr(keys.T)[0].T
    exact = np.abs(values - axes @ learn(delta, axes, values).T).max()
    rows = [bound(PAPER, "delta rule, one pass against a Gauss-Seidel sweep", 1e-12, float(off)),
            bound(PAPER, "delta rule, orthonormal keys, one pass: largest error", 1e-12,
                  float(exact))]
    rows += [row(PAPER, f"delta rule, N / d = 1, {passes} passes: error", SLOW * passes**-0.25,
                 swept_error(SIZE, trials, passes), LATE_WITHIN) for passes in (5, 100)]
    return rows + [row(PAPER, f"delta rule, N / d = {count / SIZE}: error left by a pass in the "
                       "limit, median", None, limiting_rate(count, trials), None)
                   for count in (32, 48, 64)]


def swept_error(count: int, trials: int, passes: int) -> float:
    """`relative_error` by sweeps: all values, so many passes, at the price of a power."""
    missed = 0.0
    for trial in range(trials):
        keys, _ = pairs(np.random.default_rng([count, trial]), count)
        missed += float((np.linalg.matrix_power(delta_sweep(keys), passes) ** 2).sum())
    return math.sqrt(missed / (trials * count))


def limiting_rate(count: int, trials: int) -> float:
    """Spectral radius of a sweep, the median over random keys."""
    radii = [np.abs(np.linalg.eigvals(delta_sweep(pairs(np.random.default_rng([count, trial]),
                                                        count)[0]))).max()
             for trial in range(trials)]
    return float(np.median(radii))


# --- the worst values there are


def worst_case_rows(trials: int) -> list[Row]:
    """All other values conspire: a pair's error is then sum |k_i.k_j|, and below 1 it survives."""
    sizes = (16, 64, 256, 1024)
    rows = [bound(PAPER, f"Hebb, worst values, N = sqrt(d) = {math.isqrt(size)}: mean error", 1.0,
                  worst_error(math.isqrt(size), size, trials)) for size in sizes]
    held = [worst_capacity(size, trials // 4) for size in sizes]
    slope = np.polyfit(np.log(sizes), np.log(held), 1)[0]
    return [*rows, row(PAPER, "Hebb, worst values: capacity grows as d to the power of", 0.5,
                       float(slope), TOLERANCE)]


def worst_error(count: int, size: int, trials: int) -> float:
    """The mean of sum_{j != i} |k_i.k_j| over pairs and trials."""
    summed = 0.0
    for trial in range(trials):
        keys, _ = pairs(np.random.default_rng([size, trial]), count, size)
        summed += float(np.abs(keys @ keys.T).sum()) / count - 1
    return summed / trials


def worst_capacity(size: int, trials: int) -> float:
    """Other pairs at which the worst error reaches 1: it grows by equal parts with each."""
    others = 2 * math.isqrt(size)
    return others / worst_error(others + 1, size, trials)


def multiplicative_row(growth: float = 0.25, most: int = 40) -> Row:
    """A weight for each number of coincidences: it should be e^(c ln(1 + growth))."""
    counts = np.arange(most + 1)
    weights = np.ones(most + 1)
    for step in range(most):
        coincident = (step < counts).astype(np.float64)
        weights = multiplicative(weights, -coincident, rate=math.log1p(growth))
    off = np.abs(weights / (1 + growth) ** counts - 1).max()
    return bound(PAPER, f"multiplicative rule, up to {most} coincidences: relative error", 1e-12,
                 float(off))


# --- several heads that know the same


def redundancy_rows(trials: int, count: int = 12, size: int = 4) -> list[Row]:
    """P = (1 - (1 - p)^H)^L, p measured on single heads, P on memories of their own.

    A head recalls a pair if its answer is nearest to the right value. A layer needs one of its H
    heads to be right, a network all of its L layers.
    """
    rng = np.random.default_rng(5)
    alone = recalls(rng, (10 * trials,), count, size).mean()
    rows = []
    for heads, layers in ((2, 1), (4, 3), (6, 6)):
        # Some at a time: all memories together would not fit a small machine.
        right = [recalls(rng, (500, layers, heads), count, size).any(axis=2).all(axis=1)
                 for _ in range(trials // 500)]
        formula = (1 - (1 - alone) ** heads) ** layers
        rows.append(row(PAPER, f"{heads} heads, {layers} layers: recalled, formula and simulation",
                        formula, np.mean(right), TOLERANCE))
    return rows


def recalls(
    rng: np.random.Generator, shape: tuple[int, ...], count: int, size: int
) -> NDArray[np.bool_]:
    """Whether Hebbian heads, each with pairs of its own, recall their first pair."""
    keys = rng.standard_normal((*shape, count, size))
    keys /= np.linalg.norm(keys, axis=-1, keepdims=True)
    values = rng.standard_normal((*shape, count, size))
    matches = np.einsum("...nd,...d->...n", keys, keys[..., 0, :])
    answers = np.einsum("...nd,...n->...d", values, matches)
    away = np.linalg.norm(values - answers[..., None, :], axis=-1)
    first: NDArray[np.bool_] = away.argmin(axis=-1) == 0
    return first


def draw_capacity(trials: int, path: Path) -> None:
    counts = (2, 4, 8, 16, 24, 32, 48, 64, 80, 96)
    loads = np.array(counts) / SIZE
    curves = (("Hebb", hebb, 1, trials, INK), ("delta rule, one pass", delta, 1, trials, ACCENT),
              (f"delta rule, {PASSES} passes", delta, PASSES, trials // 20, QUIET))
    with picture(path, figsize=(8, 4.2)) as axes:
        for name, rule, passes, times, colour in curves:
            errors = [relative_error(rule, count, times, passes) for count in counts]
            axes.plot(loads, errors, "o-", color=colour, label=name, markersize=4)
        axes.plot(loads, np.sqrt((np.array(counts) - 1) / SIZE), ":", color=INK, linewidth=2.5,
                  label="sqrt((N - 1) / d)")
        for name, noted, colour in (("Hebb", HEBB, INK), ("delta rule", DELTA, ACCENT)):
            axes.plot(np.array(list(noted)) / SIZE, list(noted.values()), "x", color=colour,
                      markersize=9, label=f"noted: {name}")
        axes.axvline(1, color=QUIET, linewidth=0.8)
        axes.set(xlabel=f"pairs / dimensions (d = {SIZE})", ylabel="relative error of recall",
                 title="What fast weights hold", ylim=(0, None))
        axes.legend(frameon=False)


if __name__ == "__main__":
    main(TITLE, run)
