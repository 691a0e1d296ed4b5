"""Ellwood 2024: spine by spine, queries are matched with keys; axons that match take control.

    python -m examples.papers.ellwood [--full] [-o out/papers]

The abstract equivalent of the paper's compartment model: every coincidence adds to a match score,
and a gate opens where the score passes a threshold. Two variants are judged: the responses as a
table, and a kernel that a chip's traces can hold, both with noise measured on axons that match
nothing. The circuit's own kernel, with noise chosen against the rates themselves, is reported. Rows
that are missed are shown as missed, with the reason where it is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from examples.papers import ellwood_published as published
from examples.papers.about import Paper
from examples.papers.common import Row, Tell, bound, main, row
from examples.papers.ellwood_circuit import circuit_rows
from examples.papers.ellwood_episode import draw_episode
from examples.papers.ellwood_figures import draw_kernel, draw_roc, draw_success
from examples.papers.ellwood_kernels import KERNELS, TABLE, THREE, TWO, kernel_rows
from examples.papers.ellwood_keys import (
    DELETIONS,
    any_false_match,
    false_match_bound,
    shortest_key,
    simulated_errors,
    tail,
)
from examples.papers.ellwood_measure import FULL, QUICK, Effort, Measured, measure, measure_match
from examples.papers.ellwood_model import Setup
from examples.papers.ellwood_noise import CALIBRATED, DIGITAL, MEASURED
from examples.papers.ellwood_pooled import pooled_rows
from neuromorph.dynamics.coincidence import THRESHOLDS

TITLE = "Ellwood 2024: match and control"
ABOUT = Paper(
    title="Ellwood, PLoS Comput Biol 2024, 20(1): e1011843 (match and control)",
    claims="An axon whose spikes match a neuron's query is potentiated for a while, and its value "
           "takes control of the neuron.",
    built="`dynamics.coincidence`, `circuits.match_and_control`, `neuromorph run "
          "match_and_control`, rule `short_term_potentiation`; every head's scores take this form.",
    verdict="Reproduced without the compartments, but for half a second, where the noise measured "
            "on axons that match nothing tells keys apart too well, and for how steeply success "
            "rises with a query's spikes. A kernel of three exponentials mends the paper's curve "
            "and not the function: the circuit keeps two. A pooled threshold in place of the "
            "fixed one is softmax, and better.",
    shown=(*(f"{published.PAPER}, {THREE}: {window} s: AUC" for window in THRESHOLDS),
           f"{published.PAPER}, {THREE}: 1.0 s: success",
           "Ellwood 2024, integer circuit on fast, noise-free: 1.0 s: success"))

JUDGED = (TABLE, THREE)
"""Kernels of the judged variants, with `MEASURED` noise."""

MAIN = THREE
KEYS = 1024

Windows = dict[float, Measured]


def run(figures: Path, full: bool, tell: Tell) -> list[Row]:
    """All rows; four pictures into ``figures``."""
    effort = FULL if full else QUICK
    tell(f"{effort.trials} trials, seeds {effort.seeds}; means over seeds")
    found: dict[str, Windows] = {}
    for name in JUDGED:
        tell(f"match and control, {name}")
        found[name] = in_windows(Setup(1000.0, MEASURED, KERNELS[name]), effort)
    tell(f"match and control, {TWO}")
    before = in_windows(Setup(1000.0, CALIBRATED, KERNELS[TWO]), effort)
    tell("jitter, noise-free limits, two matches, binary keys")
    jittered = {jitter: measure_match(Setup(1000.0, MEASURED, KERNELS[MAIN], jitter), effort)
                for jitter in published.JITTER_AUC}
    rows = [*kernel_rows()]
    for name, windows in found.items():
        head = f"{published.PAPER}, {name}"
        rows += [*main_rows(head, windows, effort), *spikes_rows(head, windows)]
    rows += level_rows(effort)
    rows += reported(f"{published.PAPER}, {TWO}, noise chosen by these rates", before, effort)
    rows += [*jitter_rows(jittered), *digital_rows(effort), *key_rows(effort)]
    rows += pooled_rows(effort)
    tell("the integer circuit")
    rows += circuit_rows(effort)
    draw_kernel(figures / "ellwood_kernel.png")
    draw_roc(found[MAIN], jittered, figures / "ellwood_roc.png")
    draw_success(found[MAIN], figures / "ellwood_success.png")
    draw_episode(figures / "ellwood_episode.png")
    return rows


def in_windows(setup: Setup, effort: Effort) -> Windows:
    """All match windows, each with the paper's threshold."""
    return {window: measure(replace(setup, window=1000 * window), effort, threshold=threshold)
            for window, threshold in THRESHOLDS.items()}


def main_rows(head: str, windows: Windows, effort: Effort) -> Iterator[Row]:
    """The table: ROC, success, spurious, thresholds."""
    trials = effort.trials * len(effort.seeds)
    for window, found in windows.items():
        here = partial(row, head)
        yield here(f"{window} s: AUC", published.AUC[window], found.auc, published.AUC_WITHIN,
                   WHY_ROC)
        for rate, value in zip(published.FALSE_POSITIVES, published.TRUE_POSITIVES[window],
                               strict=True):
            yield here(f"{window} s: true positives at {rate:.0%}", value,
                       found.true_positives(rate), published.RATE_WITHIN if rate > 0.01
                       else published.rarest_within(window, trials), WHY_ROC)
        yield here(f"{window} s: success", published.SUCCESS[window], found.success,
                   published.SUCCESS_WITHIN, WHY_LEVEL)
        yield here(f"{window} s: spurious", published.SPURIOUS[window], found.spurious, None)
        yield here(f"{window} s: threshold / threshold at 1 s", THRESHOLDS[window],
                   found.threshold / windows[1.0].threshold, published.THRESHOLD_WITHIN,
                   WHY_THRESHOLD)
    yield row(head, "1.0 s: threshold, in the kernel's unit", 1.0, windows[1.0].threshold,
              published.THRESHOLD_WITHIN)


WHY_ROC = "scores scatter more than those of axons that match nothing, and why is not known"
WHY_THRESHOLD = "thresholds of shorter windows are too low, by the same missing scatter"
WHY_LEVEL = "the level is that of 1 s; half a second comes nearer at 1.00, see below"
WHY_STEP = "five coincidences err by .18 here, by .14 in the paper: its step is sharper"


def level_rows(effort: Effort, level: float = 1.0) -> Iterator[Row]:
    """Success if an axon controlled as soon as its copy reached the threshold; not judged."""
    head = f"{published.PAPER}, {MAIN}, level {level}"
    for window, steps in published.SUCCESS_BY_SPIKES.items():
        found = measure(Setup(1000 * window, MEASURED, KERNELS[MAIN]), effort,
                        threshold=THRESHOLDS[window], level=level)
        yield row(head, f"{window} s: success", published.SUCCESS[window], found.success, None)
        for spikes, success in steps.items():
            yield row(head, f"{window} s: success with {spikes} query spikes", success,
                      found.success_with(spikes), None)


def reported(head: str, windows: Windows, effort: Effort) -> list[Row]:
    """The same rows unjudged, and how many of them would miss."""
    rows = [*main_rows(head, windows, effort), *spikes_rows(head, windows)]
    missed = sum(found.ok is False for found in rows)
    return [*(replace(found, tolerance=None, ok=None, why="") for found in rows),
            row(head, "of these, further off than is tolerated above", None, missed, None)]


def jitter_rows(jittered: Windows) -> Iterator[Row]:
    for jitter, found in jittered.items():
        here = partial(row, f"{published.PAPER}, jitter in 1 s, {MAIN}")
        yield here(f"{jitter:.0f} ms: AUC", published.JITTER_AUC[jitter], found.auc,
                   published.AUC_WITHIN, WHY_ROC)
        yield here(f"{jitter:.0f} ms: true positives at 10%",
                   published.JITTER_TRUE_POSITIVES[jitter], found.true_positives(0.1),
                   published.RATE_WITHIN, WHY_ROC)


def spikes_rows(head: str, windows: Windows) -> Iterator[Row]:
    for window, steps in published.SUCCESS_BY_SPIKES.items():
        for spikes, success in steps.items():
            yield row(head, f"{window} s: success with {spikes} query spikes", success,
                      windows[window].success_with(spikes), published.SUCCESS_WITHIN,
                      WHY_LEVEL if window < 1 else WHY_STEP)


def digital_rows(effort: Effort) -> Iterator[Row]:
    """Without noise: what digital hardware can reach, and two matching axons at once."""
    head = f"{published.PAPER}, noise-free, {TWO}"
    for window, area in published.NOISE_FREE_AUC.items():
        found = measure_match(Setup(1000 * window, DIGITAL), effort)
        yield row(head, f"{window} s: AUC", area, found.auc, published.AUC_WITHIN)
    both = measure(Setup(2000.0, DIGITAL, matches=2), effort, efficacy=1.0)
    yield row(head, "2.0 s: two matches, share of both's values in the output", 1.0, both.success,
              published.SUCCESS_WITHIN)
    yield row(head, "2.0 s: two matches, share of the output that is neither's", None,
              both.spurious, None)


def key_rows(effort: Effort) -> Iterator[Row]:
    """Lengths of binary keys by formula; the formula against drawn keys, within 3 errors."""
    head, others = f"Binary keys, {KEYS} of them (derived)", KEYS - 1
    rng = np.random.default_rng(0)
    for rate, (spikes, bins) in published.KEY_SIZES.items():
        here, code = f"p = {rate}", shortest_key(rate, others=others)
        yield row(head, f"{here}: query spikes", spikes, code.spikes, 0.0)
        yield row(head, f"{here}: bins", bins, code.bins, 0.0)
        single = tail(code.spikes, rate, code.threshold)
        yield bound(head, f"{here}: one key's false match", false_match_bound(code), single)
        _, anyone, missed = simulated_errors(code, effort.trials, rng, others=others)
        yield drawn(head, f"{here}: any false match", any_false_match(single, others), anyone,
                    effort.trials)
        yield drawn(head, f"{here}: miss", 1 - tail(code.spikes, 1 - DELETIONS, code.threshold),
                    missed, effort.trials)
        # One key's false match is too rare to be drawn: a lower threshold tests its formula.
        low, trials = replace(code, threshold=round(code.spikes * rate) + 2), effort.trials // 10
        yield drawn(head, f"{here}: {low.threshold} coincidences", tail(low.spikes, rate,
                    low.threshold), simulated_errors(low, trials, rng, others=others)[0],
                    trials * others)


def drawn(head: str, quantity: str, chance: float, share: float, draws: int) -> Row:
    """A share of independent draws against its chance: within three standard deviations."""
    return row(head, f"{quantity}, drawn against formula", chance, share,
               3 * float(np.sqrt(chance * (1 - chance) / draws)))


if __name__ == "__main__":
    main(TITLE, run)
