"""Modern Hopfield networks: capacity, retrieval bound, energy and regimes, float and in spikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from neuromorph.api.spiking_store import SpikingStore
from neuromorph.circuits.hopfield import store_patterns
from neuromorph.papers.hopfield import (
    capacity_constant,
    hopfield_energy,
    largest_norm,
    retrieval_bound,
    separation,
    settle_hopfield,
    step_hopfield,
)
from neuromorph.report.canvas import ACCENT, INK, QUIET
from neuromorph.report.hopfield import cosine

TITLE = "Ramsauer et al. 2021: Hopfield Networks is All You Need"
PAPER = "Ramsauer 2021"

ABOUT = Paper(
    title="Ramsauer et al., ICLR 2021 (modern Hopfield networks)",
    claims="One step of softmax attention retrieves one of exponentially many patterns, within a "
           "stated bound.",
    built="`circuits.hopfield`, `neuromorph run hopfield`, `SpikingStore`: a store of patterns in "
          "spikes, with the bound as a check.",
    verdict="The bound holds in every store that was drawn, and spikes retrieve what floats do. "
            "Attention over stored patterns is what a head's circuit computes anyway.",
    shown=("capacity constant c at (beta, K, d, p) = (1.0, 3.0, 20, 0.001)",
           "capacity constant c at (beta, K, d, p) = (1.0, 1.0, 75, 0.001)"))

REGIMES = {"mean of all": 0.002, "mean of the similar": 0.08, "single pattern": 0.6}
"""What is retrieved from clusters of patterns, and a beta that does it."""

ROUNDING = 1e-12
"""What double precision may add, in units of the squared norm of a pattern."""

Floats = NDArray[np.float64]


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    tell("capacity")
    rows = capacity_rows()
    tell("retrieval bound")
    rows += retrieval_rows(10_000 if full else 1_000)
    tell("energy")
    rows += energy_rows(200 if full else 40)
    tell("regimes of beta")
    return rows + regime_rows(figures)


# --- capacity


def capacity_rows() -> list[Row]:
    """The paper prints four digits of c, and cuts off the rest."""
    cases = (((1.0, 3.0, 20, 0.001), 3.1546), ((1.0, 1.0, 75, 0.001), 1.3718))
    return [row(PAPER, f"capacity constant c at (beta, K, d, p) = {case}", published,
                capacity_constant(*case), 1e-4) for case, published in cases]


# --- one step brings a state as near to its pattern as the theorem says


def retrieval_rows(stores: int) -> list[Row]:
    rng = np.random.default_rng(0)
    worst, excess = 0.0, -np.inf
    for n in range(stores):
        patterns, index, state, beta = near_pattern(rng)
        limit = float(retrieval_bound(patterns, index, state, beta))
        error = float(np.linalg.norm(step_hopfield(patterns, state, beta) - patterns[index]))
        worst = max(worst, error / limit)
        if n % 10 == 0:
            spiking = SpikingStore(store_patterns(patterns, beta)).recall(state[None], max_runs=1)
            missed = float(np.linalg.norm(spiking.states[0] - patterns[index]))
            excess = max(excess, (missed - limit) / largest_norm(patterns))
    return [
        bound(PAPER, f"retrieval error / its bound, largest of {stores} stores", 1.0, worst),
        row(PAPER, "the same in spikes: (error - bound) / M, largest", None, excess, None),
    ]


def near_pattern(rng: np.random.Generator) -> tuple[Floats, int, Floats, float]:
    """A random store, a state in reach of one pattern, and a beta for which the bound says much."""
    slots, size = int(rng.integers(2, 33)), int(rng.integers(8, 65))
    patterns = rng.standard_normal((slots, size)) * np.exp(0.1 * rng.standard_normal((slots, 1)))
    gaps = separation(patterns)
    index = int(gaps.argmax())
    if gaps[index] <= 0:
        return near_pattern(rng)
    reach = gaps[index] / (2 * largest_norm(patterns))
    away = rng.standard_normal(size)
    away *= rng.uniform(0, 0.9) * reach / np.linalg.norm(away)
    margin = gaps[index] - 2 * float(np.linalg.norm(away)) * largest_norm(patterns)
    return patterns, index, patterns[index] + away, float(rng.uniform(0.5, 15) / margin)


# --- no step raises the energy


def energy_rows(stores: int) -> list[Row]:
    rng = np.random.default_rng(1)
    rises: dict[str, list[float]] = {"float": [], "spikes": []}
    for _ in range(stores):
        patterns = rng.standard_normal((int(rng.integers(2, 33)), int(rng.integers(8, 65))))
        beta = float(10 ** rng.uniform(-2, 0.5))
        cues = rng.standard_normal((8, patterns.shape[1]))
        path = [cues]
        for _ in range(20):
            path.append(step_hopfield(patterns, path[-1], beta))
        circuit = SpikingStore(store_patterns(patterns, beta)).recall(cues, max_runs=20)
        for name, states in (("float", np.stack(path)), ("spikes", circuit.path)):
            energy = hopfield_energy(patterns, states, beta) / largest_norm(patterns) ** 2
            rises[name].append(float(np.diff(energy, axis=0).max()))
    return [
        bound(PAPER, f"largest rise of the energy / M^2, {8 * stores} cues", ROUNDING,
              max(rises["float"])),
        row(PAPER, "the same in spikes", None, max(rises["spikes"]), None),
    ]


# --- beta decides: everything, what is similar, or one pattern


def regime_rows(figures: Path) -> list[Row]:
    patterns, cue = clusters(np.random.default_rng(2))
    targets = regime_targets(patterns)
    draw_regimes(patterns, cue, targets, figures / "ramsauer_regimes.png")
    rows = []
    for name, beta in REGIMES.items():
        floating, spiking = settled(patterns, cue, beta)
        for kind, state in (("float", floating), ("spikes", spiking)):
            rows.append(row(PAPER, f"{kind}, beta {beta}: cosine to the {name}", 1.0,
                            float(cosine(state, targets[name])), 0.02))
        rows.append(row(PAPER, f"beta {beta}: cosine of spikes to float", 1.0,
                        float(cosine(floating, spiking)), 0.005))
    return rows


def clusters(rng: np.random.Generator, size: int = 64) -> tuple[Floats, Floats]:
    """Four clusters of four patterns, and the first pattern as a noisy cue.

    The clusters' centres are orthogonal, each member has a few elements flipped, and an offset
    gives all of them a mean in common.
    """
    centres = hadamard(size)[1:5, None, :].astype(np.float64)
    flipped = np.broadcast_to(np.arange(size) < size // 10, (4, 4, size))
    members = np.where(rng.permuted(flipped, axis=2), -centres, centres)
    patterns: Floats = members.reshape(16, size) + 0.5
    return patterns, patterns[0] + 0.5 * rng.standard_normal(size)


def regime_targets(patterns: Floats) -> dict[str, Floats]:
    return dict(zip(REGIMES, (patterns.mean(axis=0), patterns[:4].mean(axis=0), patterns[0]),
                    strict=True))


def settled(patterns: Floats, cue: Floats, beta: float) -> tuple[Floats, Floats]:
    """Where the float network and the circuit come to rest."""
    found = SpikingStore(store_patterns(patterns, beta)).recall(cue[None], max_runs=40)
    return settle_hopfield(patterns, cue, beta), found.states[0]


def draw_regimes(patterns: Floats, cue: Floats, targets: dict[str, Floats], path: Path) -> None:
    betas = np.geomspace(5e-4, 2, 41)
    states = np.array([settled(patterns, cue, float(beta)) for beta in betas])
    with picture(path, figsize=(9, 4.2)) as axes:
        for (name, target), colour in zip(targets.items(), (QUIET, ACCENT, INK), strict=True):
            apart = np.linalg.norm(states - target, axis=2) / largest_norm(patterns)
            axes.semilogx(betas, apart[:, 0], color=colour, label=name)
            axes.semilogx(betas, apart[:, 1], "o", color=colour, markersize=4)
        axes.plot([], [], "o", color=QUIET, markersize=4, label="the same in spikes")
        axes.set(xlabel="beta", ylabel="distance of the settled state / M",
                 title="What beta retrieves: everything, what is similar, one pattern")
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=4)


if __name__ == "__main__":
    main(TITLE, run)
