"""Fire Together Wire Together: which keys of a head need not fire, by window, gate or answer.

Elkerdawy et al. 2022. Their tables (CIFAR-10, ImageNet) were out of reach; what is judged are the
science notes' figures for attention, each of which is a bound that was set before this ran.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.papers import minilm
from examples.papers.about import Paper
from examples.papers.common import Row, bound, main, picture, row
from neuromorph.api.circuits.digits_head import one_head
from neuromorph.api.circuits.key_gate import fitted
from neuromorph.circuits.key_gate import groups_open, open_gates
from neuromorph.dynamics.mass_mask import mass_mask
from neuromorph.report.canvas import ACCENT, INK, QUIET
from neuromorph.translate import Sample
from neuromorph.translate.fidelity import cosines, float_attention
from neuromorph.translate.masses import window_of_mass

TITLE = "Elkerdawy et al. 2022: Fire Together Wire Together, keys that need not fire"
PAPER = "Elkerdawy 2022"

ABOUT = Paper(
    title="Elkerdawy et al., CVPR 2022, arXiv 2110.08232 (FTWT)",
    claims="A cheap predictor of each layer's mask of masses lets most channels stay uncomputed, "
           "input by input.",
    built="`dynamics.mass_mask`; `export --keep-mass`, a window a head by the mass it must keep; "
          "`papers.ftwt`, `circuits.key_gate`, `neuromorph run key_gate`: a gate of 8 dimensions "
          "of 4 bits in stock neurons, off by default.",
    verdict="For a head's keys a narrower window loses less than the gate at as many spikes, and a "
            "window a head hardly less than one for all. In our heads a window saves steps, not "
            "spikes: a match neuron speaks once a query also below it. A closed gate still "
            "receives its key's events.",
    shown=("window of 6 nats: keys that fire", "window that keeps 0.995: keys that fire",
           "gate that keeps 0.97: keys that fire", "gate that keeps 0.97: error",
           "the answer's own mask, 0.97: cosine"))

CALIBRATION, EVALUATION = slice(0, 3), slice(3, 5)
RANK, LIMIT = 8, 7
"""Eight dimensions of 4 bits."""

GATES = (0.9, 0.95, 0.97, 0.99)
TEXTS = "on these texts the mask that knows the answer has no more than .997 either"

MASSES = (0.9, 0.95, 0.97, 0.99, 0.995, 0.998)
WINDOWS = (2.0, 3.0, 4.0, 6.0)
GROUP = 16

Floats = NDArray[np.float64]
Masks = Sequence[NDArray[np.bool_]]


@dataclass(frozen=True)
class Found:
    """Means over heads: share of keys that fire, error and cosine of contexts, mass kept."""

    fire: float
    error: float
    cosine: float
    mass: float


def run(figures: Path, full: bool, tell: Callable[[str], None]) -> list[Row]:
    missing = minilm.why_not()
    if missing is not None:
        tell(f"heads of MiniLM: skipped, {missing}")
        return []
    tell("heads of MiniLM: windows, gates, masks")
    heads = recorded(24 if full else 12)
    windows = {nats: over(heads, partial(window, nats=nats)) for nats in WINDOWS}
    masses = {keep: over(heads, partial(by_mass, keep=keep)) for keep in MASSES}
    gates = {keep: over(heads, partial(gate, keep=keep)) for keep in GATES}
    answer = {keep: over(heads, partial(best, keep=keep)) for keep in GATES}
    chance = over(heads, partial(by_chance, share=gates[0.97].fire))
    draw(windows, masses, gates, answer, figures / "ftwt.png")
    closed = float(np.mean([1 - groups_open(mask, GROUP).mean() for calibration, evaluation in heads
                            for mask in gate(calibration, evaluation, 0.97)]))
    return [*table(windows, "window of {} nats"), *table(masses, "window that keeps {}"),
            *table(gates, "gate that keeps {}"), *table(answer, "the answer's own mask, {}"),
            row(PAPER, f"gate that keeps 0.97: groups of {GROUP} keys closed", None, closed, None),
            *side_by_side(windows, gates),
            row(PAPER, "the answer's own mask, 0.97: cosine", None, answer[0.97].cosine, None),
            *judged(windows, masses, gates[0.97], chance)]


def recorded(count: int) -> list[tuple[list[Sample], list[Sample]]]:
    """Samples of some heads, to calibrate on and to look at, evenly spread over the layers."""
    seen = minilm.record(slice(CALIBRATION.start, EVALUATION.stop))
    layers, per_layer = len(seen[0]), len(seen[0][0].queries)
    found = []
    for number in np.linspace(0, layers * per_layer - 1, count).astype(int):
        layer, head = divmod(int(number), per_layer)
        own = [one_head(text[layer], head) for text in seen]
        found.append((own[CALIBRATION], own[EVALUATION]))
    return found


def over(
    heads: Sequence[tuple[list[Sample], list[Sample]]],
    which: Callable[[list[Sample], list[Sample]], Masks],
) -> Found:
    """Of keys that fire, what becomes of the heads' contexts, their weights renormalised."""
    rows = [_lost(one, mask) for calibration, evaluation in heads
            for one, mask in zip(evaluation, which(calibration, evaluation), strict=True)]
    return Found(*np.mean(rows, axis=0).tolist())


def _lost(sample: Sample, fires: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    weights, context = (array[0] for array in float_attention(sample))
    kept = weights * fires
    mass = kept.sum(axis=1)
    found = kept @ sample.values[0] / np.where(mass > 0, mass, 1)[:, None]
    spread = np.linalg.norm(context - context.mean(axis=0))
    return (float(fires.mean()), float(np.linalg.norm(found - context) / spread),
            float(cosines(found, context).mean()), float(mass.mean()))


def window(calibration: list[Sample], evaluation: list[Sample], nats: float) -> Masks:
    """So many nats below the weakest query's best match in calibration."""
    centre = _centre(calibration)
    floor = _weakest(calibration, centre) - nats
    return [one.logits(0, centre) >= floor for one in evaluation]


def by_mass(calibration: list[Sample], evaluation: list[Sample], keep: float) -> Masks:
    """As short a window as keeps the mass in calibration."""
    centre = _centre(calibration)
    low = _weakest(calibration, centre)
    floor = low - window_of_mass(calibration, 0, centre, low, keep)
    return [one.logits(0, centre) >= floor for one in evaluation]


def gate(calibration: list[Sample], evaluation: list[Sample], keep: float) -> Masks:
    """The integers of `neuromorph run key_gate`."""
    guess, fit = fitted(calibration, RANK, LIMIT, keep)
    return [open_gates(replace(fit, keys=guess.of_keys(one.keys[0])),
                       guess.of_queries(one.queries[0])) for one in evaluation]


def best(_: list[Sample], evaluation: list[Sample], keep: float) -> Masks:
    """The mask of fewest keys, which needs the answer."""
    return [mass_mask(float_attention(one)[0][0], keep) for one in evaluation]


def by_chance(_: list[Sample], evaluation: list[Sample], share: float) -> Masks:
    rng = np.random.default_rng(0)
    return [rng.random(one.mask.shape) < share for one in evaluation]


def _centre(samples: list[Sample]) -> Floats:
    found: Floats = np.concatenate([one.keys[0] for one in samples]).mean(axis=0, dtype=np.float64)
    return found


def _weakest(samples: list[Sample], centre: Floats) -> float:
    return min(float(one.logits(0, centre).max(axis=1).min()) for one in samples)


def table(found: dict[float, Found], name: str) -> list[Row]:
    return [row(PAPER, f"{name.format(f'{key:g}')}: {what}", None, value, None)
            for key, one in found.items()
            for what, value in (("keys that fire", one.fire), ("error", one.error))]


def side_by_side(windows: dict[float, Found], gates: dict[float, Found]) -> list[Row]:
    """The error of a window that fires as many keys as a gate, between those that were tried."""
    ordered = sorted(windows.values(), key=lambda one: one.fire)
    found = []
    for keep, one in gates.items():
        beside = float(np.interp(one.fire, [w.fire for w in ordered], [w.error for w in ordered]))
        found += [row(PAPER, f"{one.fire:.2f} of the keys fire: error by the gate", None, one.error,
                      None),
                  row(PAPER, f"{one.fire:.2f} of the keys fire: error by a window", None, beside,
                      None)]
        if keep == 0.97:
            found.append(bound(PAPER, "a window's error at a gate's spikes, of the gate's", 1.0,
                               beside / one.error))
    return found


def judged(windows: dict[float, Found], masses: dict[float, Found], gated: Found, chance: Found
           ) -> list[Row]:
    wide = windows[6.0]
    good = [one for one in masses.values() if one.cosine >= 0.9995]
    return [
        bound(PAPER, "rank 8, 4 bits, .97: .30 less the share gated", 0.0, 0.3 - (1 - gated.fire)),
        bound(PAPER, "rank 8, 4 bits, .97: .96 less the mass kept", 0.0, 0.96 - gated.mass),
        bound(PAPER, "rank 8, 4 bits, .97: .998 less the cosine", 0.0, 0.998 - gated.cosine,
              why=TEXTS),
        bound(PAPER, "as many keys by chance: cosine", 0.95, chance.cosine),
        bound(PAPER, "windows by mass at a cosine of .9995: value events, of those with 6 nats",
              0.85, min(one.fire for one in good) / wide.fire if good else 1.0),
    ]


def draw(windows: dict[float, Found], masses: dict[float, Found], gates: dict[float, Found],
         answer: dict[float, Found], path: Path) -> None:
    with picture(path, figsize=(7.5, 4)) as axes:
        for found, name, colour, style in (
                (windows, "window, alike for all heads", INK, "-"),
                (masses, "window by the mass it keeps", ACCENT, "-"),
                (gates, "gate of rank 8, 4 bits", ACCENT, ":"),
                (answer, "mask that knows the answer", QUIET, "--")):
            axes.plot([one.fire for one in found.values()], [one.error for one in found.values()],
                      style, marker="o", color=colour, label=name)
        axes.set(title="A window loses less than a gate that fires as many keys",
                 xlabel="share of keys that fire, mean over heads of MiniLM",
                 ylabel="error of the context", yscale="log")
        axes.legend(frameon=False)


if __name__ == "__main__":
    main(TITLE, run)
