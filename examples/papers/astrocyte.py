"""Neuron-astrocyte transformer: two phases against the closed form, kernel noise, real heads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from examples.papers import minilm
from examples.papers.about import Paper
from examples.papers.astrocyte_heads import (
    KINDS,
    Curve,
    Heads,
    by_head,
    make_maps,
    normaliser_curve,
    output_error,
    uniform_error,
)
from examples.papers.common import Row, Tell, bound, main, picture, row
from neuromorph.dynamics.features import kernel_deviation, random_features
from neuromorph.papers.astrocyte import (
    linear_attention,
    read_token,
    tripartite_at_rest,
    write_token,
)
from neuromorph.report.canvas import ACCENT, INK, QUIET

TITLE = "Kozachkov, Kastanenka, Krotov, PNAS 2023: attention by neurons and astrocytes"
PAPER = "Kozachkov et al. 2023"

ABOUT = Paper(
    title="Kozachkov, Kastanenka, Krotov, PNAS 2023 (neuron-astrocyte transformers)",
    claims="A tripartite synapse computes a transformer's attention in two phases, by random "
           "features of queries and keys; an astrocyte divides.",
    built="`papers.astrocyte`, `neuromorph run astrocyte_attention`; the division is every head's.",
    verdict="Phases are exact. Random features are not enough for trained heads: "
            "m must exceed the exponential of the squared norm of q + k; learned features help. "
            "The division is what became of it here.",
    shown=("deviation of the kernel, ‖q+k‖² = 2, m = 1000",
           "MiniLM C_t, m = 1000: correlation, median head",
           "MiniLM C_t, m = 100000: correlation, median head"))

COUNTS = (1_000, 100_000)
SIZES = (16, 64, 256)
CALIBRATION, TEST = slice(0, 64), slice(200, 208)
SOME = [(layer, 2 * layer) for layer in range(6)]


def run(figures: Path, full: bool, tell: Tell) -> list[Row]:
    rows = [phases(), *deviations(4 if full else 1)]
    reason = minilm.why_not()
    if reason is not None:
        tell(f"the trained heads are left out: {reason}")
        return rows
    tell("recording queries, keys and values of all-MiniLM-L6-v2")
    calibration, test = by_head(minilm.record(CALIBRATION)), by_head(minilm.record(TEST))
    tell(f"normaliser curves of {len(test)} heads, m up to {max(COUNTS)}")
    rng = np.random.default_rng(0)
    curves = {name: normaliser_curve(texts[0], COUNTS, rng) for name, texts in test.items()}
    norms = {name: texts[0].squared_norm() for name, texts in test.items()}
    draw_curves(curves, norms, figures / "astrocyte_normaliser.png")
    chosen = list(test) if full else SOME
    errors = {name: compare_features(name, calibration, test, tell) for name in chosen}
    draw_features(errors, figures / "astrocyte_features.png")
    return [*rows, *curve_rows(curves), *feature_rows(errors)]


# --- two phases, and the noise of the kernel


def phases(tokens: int = 64, size: int = 16, features: int = 512) -> Row:
    """Token by token through synapses and astrocyte, against all at once."""
    rng = np.random.default_rng(0)
    queries, keys, values = rng.standard_normal((3, tokens, size))
    phi = random_features(size, features, rng)
    state = tripartite_at_rest(size, features)
    for key, value in zip(phi(keys), values, strict=True):
        state = write_token(state, key, value)
    read = np.stack([read_token(state, query)[0] for query in phi(queries)])
    closed = linear_attention(phi(queries), phi(keys), values)[0]
    worst = np.abs(read - closed).max() / np.abs(closed).max()
    return bound(PAPER, "phases against closed form, largest difference over largest output",
                 1e-6, worst)


def deviations(more: int) -> list[Row]:
    """Relative standard deviation of one kernel estimate; the paper's formula is published."""
    found = []
    for squared, count, trials, tolerance in (
            (2.0, 1_000, 20_000, 0.004), (2.0, 100_000, 400, 0.001), (8.0, 1_000, 20_000, None)):
        ours = kernel_noise(squared, count, more * trials)
        tail = "" if tolerance else ", heavy-tailed"
        found.append(row(PAPER, f"deviation of the kernel, ‖q+k‖² = {squared:g}, m = {count}{tail}",
                         kernel_deviation(squared, count), ours, tolerance))
    return found


def kernel_noise(squared: float, count: int, trials: int, size: int = 4) -> float:
    """Standard deviation over trials of the estimate of exp(q.k / √d), relative to it."""
    rng = np.random.default_rng(1)
    query = np.full(size, np.sqrt(squared / (4 * np.sqrt(size))))  # and q = k
    exact = np.exp((query @ query) / np.sqrt(size))
    estimates = []
    per_block = max(1, 1_000_000 // count)
    for _ in range(0, trials, per_block):
        phi = random_features(size, per_block * count, rng)(query)
        estimates.append((phi * phi).reshape(per_block, count).mean(axis=1))
    return float(np.sqrt(((np.concatenate(estimates) / exact - 1) ** 2).mean()))


# --- trained heads


def curve_rows(curves: Mapping[Any, Curve]) -> list[Row]:
    """Over all heads: the median head, and how many track."""
    rows = []
    for count in COUNTS:
        errors = [c.error(count) for c in curves.values()]
        logs = [c.correlation(count) for c in curves.values()]
        plain = [c.plain_correlation(count) for c in curves.values()]
        for quantity, ours in (
                ("median relative error, median head", np.median(errors)),
                ("median relative error, best head", np.min(errors)),
                ("correlation, median head", np.median(plain)),
                ("correlation of logarithms, median head", np.median(logs)),
                ("correlation of logarithms, best head", np.max(logs)),
                ("share of heads with that above 0.9", np.mean(np.array(logs) > 0.9))):
            rows.append(row(PAPER, f"MiniLM C_t, m = {count}: {quantity}", None, float(ours),
                            None))
    return rows


def compare_features(
    name: tuple[int, int], calibration: Heads, test: Heads, tell: Tell
) -> dict[tuple[str, int], float]:
    """Output error on the test texts by kind and m; m = 0 is a head that looks everywhere."""
    tell(f"features for layer {name[0]}, head {name[1]}")
    rng = np.random.default_rng(2)
    errors = {("uniform", 0): uniform_error(test[name])}
    for count in SIZES:
        for kind, maps in make_maps(calibration[name], count, rng).items():
            errors[kind, count] = output_error(test[name], maps)
    return errors


def feature_rows(errors: Mapping[Any, Mapping[tuple[str, int], float]]) -> list[Row]:
    return [row(PAPER, f"MiniLM output error, {kind} features, m = {count}" if count else
                "MiniLM output error, the mean of all values instead", None,
                float(np.median([e[kind, count] for e in errors.values()])), None)
            for kind, count in next(iter(errors.values()))]


# --- pictures


def draw_curves(
    curves: Mapping[Any, Curve], norms: Mapping[Any, float], path: Path
) -> None:
    """The best and the median head's curve, and every head's error over its ‖q + k‖²."""
    order = sorted(curves, key=lambda name: curves[name].error(max(COUNTS)))
    shown = {"best head": order[0], "median head": order[len(order) // 2]}
    with picture(path, 1, 3, figsize=(15, 4.4)) as axes:
        for one, (title, name) in zip(axes, shown.items(), strict=False):
            curve = curves[name]
            for count, colour in zip(COUNTS, (QUIET, ACCENT), strict=True):
                one.semilogy(curve.estimates[count], color=colour, label=f"m = {count}")
            one.semilogy(curve.exact, color=INK, linewidth=1.8, label="exact")
            one.set(title=f"{title}: layer {name[0]}, head {name[1]}", xlabel="token t",
                    ylabel="normaliser C_t")
            one.legend(loc="upper left", ncols=3, fontsize=8)
            one.set_ylim(top=2 * one.get_ylim()[1])  # room for the legend
        _draw_errors(axes[2], curves, norms)


def _draw_errors(axes: Any, curves: Mapping[Any, Curve], norms: Mapping[Any, float]) -> None:
    span = np.linspace(min(norms.values()), max(norms.values()), 100)
    for count, colour in zip(COUNTS, (QUIET, ACCENT), strict=True):
        axes.semilogy(list(norms.values()), [c.error(count) for c in curves.values()], "o",
                      color=colour, markersize=4, label=f"m = {count}")
        axes.semilogy(span, [kernel_deviation(s, count) for s in span], "--", color=colour)
    axes.set(title="every head; dashed: deviation of one kernel", ylim=(5e-3, 3), xscale="log",
             xlabel="median ‖q + k‖²", ylabel="median relative error of C_t")
    ticks = (5, 10, 20, 40, 80)
    axes.set_xticks(ticks, [f"{tick}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(frameon=False, loc="lower right")


def draw_features(errors: Mapping[Any, Mapping[tuple[str, int], float]], path: Path) -> None:
    """Median over heads of the output error, by kind, over m."""
    with picture(path, figsize=(7, 4.6)) as axes:
        for kind, style in zip(KINDS, ("o:", "s--", "^-", "D-"), strict=True):
            axes.plot(SIZES, [np.median([e[kind, m] for e in errors.values()]) for m in SIZES],
                      style, color=ACCENT if kind == "learned" else INK, label=kind)
        uniform = np.median([e["uniform", 0] for e in errors.values()])
        axes.axhline(uniform, color=QUIET, label="mean of all values")
        axes.set(xscale="log", xticks=SIZES, xticklabels=SIZES, xlabel="features m", ylim=(0, None),
                 ylabel="output error, relative", title=f"Softmax attention of {len(errors)} "
                 "trained heads out of positive features")
        axes.minorticks_off()
        axes.legend(frameon=False)


if __name__ == "__main__":
    main(TITLE, run)
