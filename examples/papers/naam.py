"""Neuron-astrocyte associative memory: a corrupted memory comes back, and energy only falls."""

from __future__ import annotations

from pathlib import Path

from examples.papers.about import Paper
from examples.papers.common import Row, Tell, bound, main, row
from neuromorph.api.circuits import naam

TITLE = "Kozachkov, Slotine, Krotov, PNAS 2025: neuron-astrocyte associative memory"
PAPER = "Kozachkov et al. 2025"

ABOUT = Paper(
    title="Kozachkov, Slotine, Krotov, PNAS 2025 (neuron-astrocyte associative memory)",
    claims="Neurons, synapses and astrocyte processes together minimise one energy and store a "
           "number of memories that grows with the astrocyte.",
    built="`neuromorph run naam`: neurons and processes in float, energy by the step.",
    verdict="Memories come back and the energy never rises. A float reference: nothing of it is "
            "exported.",
    shown=("distance to the memory at the start (about 15)",
           "distance to the memory at the end"))

SETTINGS = naam.Settings(neurons=500, memories=10, flips=0.1, beta=5.0, dt=0.05, steps=1000)

ROUNDING = 1e-13
"""Of the energy: what a sum of half a million terms may lose in double precision."""


def run(figures: Path, full: bool, tell: Tell) -> list[Row]:
    outcomes = []
    for seed in range(5 if full else 1):
        tell(f"{SETTINGS.steps} steps of {SETTINGS.neurons} neurons, seed {seed}")
        outcomes.append(naam.run(SETTINGS, backend="reference", seed=seed, progress=tell))
    figures.mkdir(parents=True, exist_ok=True)
    outcomes[0].draw(figures / "naam.png")

    def worst(name: str) -> float:
        return max(float(outcome.numbers[name]) for outcome in outcomes)

    return [
        row(PAPER, "distance to the memory at the start (about 15)", 15.0,
            worst("distance_at_start"), 1.0),
        row(PAPER, "distance to the memory at the end", 0.0, worst("distance_at_end"), 0.0),
        row(PAPER, "signs wrong at the end", 0.0, worst("signs_wrong_at_end"), 0.0),
        bound(PAPER, "largest rise of the energy in a step, over the energy", ROUNDING,
              worst("largest_energy_rise_over_energy")),
    ]


if __name__ == "__main__":
    main(TITLE, run)
