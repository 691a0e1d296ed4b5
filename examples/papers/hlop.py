"""Hebbian orthogonal projection: later tasks learn outside of what the first ones use.

Xiao et al. 2024. Their tables were out of reach; what is judged are the science notes' figures,
each of which is a bound that was set before this ran.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.papers import minilm
from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from examples.papers.hlop_digits import KINDS, Forgetting, digits_in_three_orders
from neuromorph import backends
from neuromorph.api.circuits.projected_memory import Context, coded
from neuromorph.circuits import projected_memory
from neuromorph.papers.hlop import (
    Subspace,
    held_in_8_bits,
    leading_rows,
    projected_delta,
    residual,
)
from neuromorph.report.canvas import ACCENT, INK, QUIET

TITLE = "Xiao et al. 2024: Hebbian orthogonal projection against forgetting"
PAPER = "Xiao 2024"

ABOUT = Paper(
    title="Xiao et al., ICLR 2024, arXiv 2402.11984 (HLOP)",
    claims="Lateral Hebbian weights find the subspace that earlier tasks use; weights that change "
           "outside of it only forget nearly nothing.",
    built="`papers.hlop`, `circuits.projector`, `neuromorph run projector`: rows found in float or "
          "by calibration, frozen in 8 bits; residuals in integers, to the bit on every backend. "
          "`neuromorph run projected_memory`: fast weights written by residuals, all in integers.",
    verdict="Keeps what tasks that disturb each other would lose, and a short context in a memory "
            "while another is written. Not when rows run out (both contexts must fill less than "
            "about half of a head's dimensions: a real prompt fills them all), nor where tasks "
            "hardly disturb each other. A chip's learning engine does not learn the rows reliably.",
    shown=("digits, plain: accuracy over the three tasks",
           "digits, 8-bit H: accuracy over the three tasks",
           "digits, joint: accuracy over the three tasks",
           "8 + 8 keys of MiniLM, delta: error of the first after the second",
           "8 + 8 keys of MiniLM, projected, learned, 8 bits: error of the first after the second",
           "8 + 8 keys of MiniLM, delta, circuit: error of the first after the second",
           "8 + 8 keys of MiniLM, projected, circuit: error of the first after the second"))

PASSES = 30
"""Of the delta rule over the pairs of a context."""

LEARNED = 400
"""Passes of the lateral rule over the keys of the first context."""

COUNTS = (4, 8, 12, 16)
JUDGED = 8
"""Keys of a context that bounds are of, and the only ones that are written in integers."""
NAMES = ("delta", "projected, exact", "projected, learned", "projected, learned, 8 bits")
CIRCUITS = ("delta, circuit", "projected, circuit")
"""All in integers, as `circuits.projected_memory` writes, with H as learned; and without it."""

Floats = NDArray[np.float64]


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    tell("a subspace")
    rows = subspace_rows()
    tell("digits in three orders of their pixels")
    found = digits_in_three_orders(seeds=10 if full else 5)
    rows += digits_rows(found)
    draw_digits(found, figures / "hlop_digits.png")
    missing = minilm.why_not()
    if missing is not None:
        tell(f"keys of MiniLM: skipped, {missing}")
        return rows
    tell("two contexts in one memory")
    errors = two_contexts(heads=18 if full else 9)
    rows += context_rows(errors)
    draw_contexts(errors, figures / "hlop_contexts.png")
    return rows


def subspace_rows() -> list[Row]:
    """100 numbers that vary along 20 directions: H finds them."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((100, 20)))[0].T
    data = rng.standard_normal((2000, 20)) @ axes + 0.05 * rng.standard_normal((2000, 100))
    found = Subspace.empty(100)
    found.grow(20, rng)
    for _ in range(40):
        for batch in np.split(rng.permutation(data), 20):
            found.learn(batch, 0.05)
    left = residual(found.rows, data)
    best = residual(leading_rows(data, 20, np.zeros((0, 100))), data)
    unit = found.rows @ found.rows.T - np.eye(20)
    return [bound(PAPER, "energy outside of H, of that outside of the principal components", 1.05,
                  float((left**2).sum() / (best**2).sum())),
            bound(PAPER, "|H H^T - 1|, largest", 0.05, float(np.abs(unit).max()))]


def digits_rows(found: dict[str, list[Forgetting]]) -> list[Row]:
    final = {kind: float(np.mean([f.final for f in found[kind]])) for kind in KINDS}
    change = {kind: float(np.mean([f.change for f in found[kind]])) for kind in KINDS}
    rows = [row(PAPER, f"digits, {kind}: accuracy over the three tasks", None, final[kind], None)
            for kind in KINDS]
    rows += [row(PAPER, f"digits, {kind}: change of the earlier tasks", None, change[kind], None)
             for kind in KINDS]
    return [
        *rows,
        bound(PAPER, "digits: projection lacks of plain + .10", 0.0,
              final["plain"] + 0.10 - final["HLOP"]),
        bound(PAPER, "digits: projection forgets", 0.025, -change["HLOP"]),
        bound(PAPER, "digits: projection lacks of joint training", 0.02,
              final["joint"] - final["HLOP"]),
        bound(PAPER, "digits: 8-bit H from calibration lacks of float H", 0.01,
              final["HLOP"] - final["8-bit H"]),
    ]


def two_contexts(heads: int) -> dict[str, Floats]:
    """Relative error of A's values after B was written, by kind, shape (heads, counts)."""
    first, second = minilm.record(slice(0, 2))
    rng = np.random.default_rng(0)
    kept: dict[str, list[list[float]]] = {name: [] for name in (*NAMES, *CIRCUITS)}
    layers, per_layer = len(first), first[0].keys.shape[0]
    for number in np.linspace(0, layers * per_layer - 1, heads).astype(int):
        layer, head = divmod(int(number), per_layer)
        own = [(_unit(s[layer].keys[head]), s[layer].values[head]) for s in (first, second)]
        errors = [_errors(own, count, rng) for count in COUNTS]
        for name, by_count in kept.items():
            by_count.append([e[name] for e in errors])
    return {name: np.array(errors) for name, errors in kept.items()}


def _errors(own: list[tuple[Floats, Floats]], count: int, rng: np.random.Generator
            ) -> dict[str, float]:
    (keys, values), (later_keys, later_values) = (
        (k[chosen], v[chosen]) for (k, v), chosen in
        zip(own, (rng.choice(len(k), count, replace=False) for k, _ in own), strict=True))
    size = keys.shape[1]
    before = _written(np.zeros((values.shape[1], size)), keys, values, np.zeros((0, size)))
    learned = Subspace.empty(size)
    learned.grow(count, rng)
    for _ in range(LEARNED):
        learned.learn(np.sqrt(size) * keys, 0.02)
    rows = {"delta": np.zeros((0, size)),
            "projected, exact": leading_rows(keys, count, np.zeros((0, size))),
            "projected, learned": learned.rows,
            "projected, learned, 8 bits": held_in_8_bits(learned.rows)}
    found = {}
    for name, taken in rows.items():
        after = _written(before, later_keys, later_values, taken)
        found[name] = _lost(after, keys, values)
    integers = (in_integers((keys, values), (later_keys, later_values), learned.rows)
                if count == JUDGED else dict.fromkeys(CIRCUITS, np.nan))
    return found | integers


def in_integers(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], rows: Floats
) -> dict[str, float]:
    """The same in the circuit's whole numbers: keys written as residuals, or as they are."""
    remember = backends.remembering(backends.DEFAULT)
    both = coded(Context(*first), Context(*second), rows, PASSES)
    numbers, begun = both.code.numbers, both.first.tokens
    held = remember(numbers, both.first).weights
    plain = remember(numbers, both.second, held, begun)
    projected = projected_memory.remember(both.projector, numbers, both.second, held, begun,
                                          remembering=remember)
    return {name: both.lost(done.weights, Context(*first))
            for name, done in zip(CIRCUITS, (plain, projected), strict=True)}


def _lost(weights: Floats, keys: Floats, values: Floats) -> float:
    return float(np.linalg.norm(keys @ weights.T - values) / np.linalg.norm(values))


def _written(weights: Floats, keys: Floats, values: Floats, taken: Floats) -> Floats:
    for _ in range(PASSES):
        for key, value in zip(keys, values, strict=True):
            weights = projected_delta(weights, key, value, taken)
    return weights


def _unit(keys: Floats) -> Floats:
    rows: Floats = keys / np.linalg.norm(keys, axis=1, keepdims=True)
    return rows


def context_rows(errors: dict[str, Floats]) -> list[Row]:
    at = COUNTS.index(JUDGED)
    mean = {name: float(kept[:, at].mean()) for name, kept in errors.items()}
    return [
        *(row(PAPER, f"8 + 8 keys of MiniLM, {name}: error of the first after the second", None,
              mean[name], None) for name in mean),
        bound(PAPER, "8 + 8 keys: .6 less the error without projection", 0.0,
              0.6 - mean["delta"]),
        bound(PAPER, "8 + 8 keys: error with H learned", 0.06, mean["projected, learned"]),
        bound(PAPER, "8 + 8 keys: error with H learned, in 8 bits", 0.35,
              mean["projected, learned, 8 bits"]),
        bound(PAPER, "8 + 8 keys, all in integers: .6 less the error without projection", 0.0,
              0.6 - mean["delta, circuit"]),
        bound(PAPER, "8 + 8 keys, all in integers: error with H learned", 0.35,
              mean["projected, circuit"]),
    ]


def draw_digits(found: dict[str, list[Forgetting]], path: Path) -> None:
    with picture(path, figsize=(7.5, 4)) as axes:
        for kind, colour, style in (("plain", QUIET, "-"), ("HLOP", ACCENT, "-"),
                                    ("8-bit H", INK, ":")):
            curves = np.mean([f.first_task for f in found[kind]], axis=0)
            axes.plot(np.arange(1, len(curves) + 1), curves, style, marker="o", color=colour,
                      label=kind)
        axes.set(title="What is left of the first task", xlabel="tasks learned", ylim=(0, 1),
                 ylabel="accuracy on the first", xticks=(1, 2, 3))
        axes.legend(frameon=False)


def draw_contexts(errors: dict[str, Floats], path: Path) -> None:
    with picture(path, figsize=(7.5, 4)) as axes:
        for name, colour, style in zip(NAMES, (QUIET, INK, ACCENT, ACCENT), ("-", "-", "-", ":"),
                                       strict=True):
            axes.plot(COUNTS, errors[name].mean(axis=0), style, marker="o", color=colour,
                      label=name)
        axes.set(title="A context survives the writing of another, as long as it is small",
                 xlabel="keys in each context, of heads of 32 dimensions",
                 ylabel="error of the first context", xticks=COUNTS)
        axes.legend(frameon=False)


if __name__ == "__main__":
    main(TITLE, run)
