"""Ellwood 2024: spine by spine, queries are matched with keys; axons that match take control.

    python -m examples.papers.ellwood [--full] [-o out/papers]

The abstract equivalent of the paper's compartment model: every coincidence adds to a match score,
and a gate opens where the score passes a threshold. Three variants are shown: the two-trace
kernel that a chip's traces can hold, the tabulated kernel that it was fitted to, and the table with
outliers refitted here. Numbers that are missed are shown as missed.
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
from examples.papers.ellwood_keys import (
    DELETIONS,
    any_false_match,
    false_match_bound,
    shortest_key,
    simulated_errors,
    tail,
)
from examples.papers.ellwood_measure import FULL, QUICK, Effort, Measured, measure
from examples.papers.ellwood_model import (
    BIOLOGY,
    DIGITAL,
    Kernel,
    Noise,
    Setup,
    interpolated,
    tabulated_kernel,
)
from examples.papers.ellwood_pooled import pooled_rows
from neuromorph.dynamics.coincidence import ELLWOOD_KERNEL, THRESHOLDS

TITLE = "Ellwood 2024: match and control"
ABOUT = Paper(
    title="Ellwood, PLoS Comput Biol 2024, 20(1): e1011843 (match and control)",
    claims="An axon whose spikes match a neuron's query is potentiated for a while, and its value "
           "takes control of the neuron.",
    built="`dynamics.coincidence`, `circuits.match_and_control`, `neuromorph run "
          "match_and_control`, rule `short_term_potentiation`; every head's scores take this form.",
    verdict="Reproduced without the compartments. A window of half a second is too short to tell "
            "keys apart; a pooled threshold in place of the fixed one is softmax, and better.",
    shown=("Ellwood 2024, two traces: 0.5 s: AUC", "Ellwood 2024, two traces: 1.0 s: AUC",
           "Ellwood 2024, two traces: 2.0 s: AUC", "Ellwood 2024, two traces: 1.0 s: success",
           "Ellwood 2024, integer circuit on fast, noise-free: 1.0 s: success"))

RARE = Noise(BIOLOGY.spread, outliers=0.002, size=0.4)
"""A tenth of the outliers, twice as large: chosen against the ROC numbers, as BIOLOGY was."""

VARIANTS: dict[str, tuple[Kernel, Noise]] = {
    "two traces": (ELLWOOD_KERNEL, BIOLOGY),
    "tabulated kernel": (interpolated, BIOLOGY),
    "tabulated kernel, outliers refitted": (interpolated, RARE),
}
MAIN = "two traces"
KEYS = 1024

Windows = dict[float, Measured]


def run(figures: Path, full: bool, tell: Tell) -> list[Row]:
    """All rows; four pictures into ``figures``."""
    effort = FULL if full else QUICK
    tell(f"{effort.trials} trials, seeds {effort.seeds}; means over seeds")
    found: dict[str, Windows] = {}
    for name, (kernel, noise) in VARIANTS.items():
        tell(f"match and control, {name}")
        found[name] = {window: measure(Setup(1000 * window, noise, kernel), effort,
                                       threshold=THRESHOLDS[window]) for window in THRESHOLDS}
    tell("jitter, noise-free limits, two matches, binary keys")
    jittered = {jitter: measure(Setup(1000.0, jitter=jitter), effort, threshold=1.0)
                for jitter in published.JITTER_AUC}
    rows = [*kernel_rows()]
    for name, windows in found.items():
        head = f"{published.PAPER}, {name}"
        rows += [*main_rows(head, windows), *spikes_rows(head, windows)]
    rows += [*jitter_rows(jittered), *digital_rows(effort), *key_rows(effort)]
    rows += pooled_rows(effort)
    tell("the integer circuit")
    rows += circuit_rows(effort)
    draw_kernel(figures / "ellwood_kernel.png")
    draw_roc(found[MAIN], jittered, figures / "ellwood_roc.png")
    draw_success(found[MAIN], figures / "ellwood_success.png")
    draw_episode(figures / "ellwood_episode.png")
    return rows


def kernel_rows() -> Iterator[Row]:
    """Shape of the two-trace kernel, and both kernels against the published offset curve."""
    fine = np.arange(0.0, 60.0, 0.01)
    values = ELLWOOD_KERNEL(fine)
    head = f"{published.PAPER}, kernel"
    yield row(head, "lag of the peak, ms", published.PEAK, ELLWOOD_KERNEL.peak_lag,
              published.PEAK_WITHIN)
    yield row(head, "full width at half maximum, ms", published.WIDTH,
              np.ptp(fine[values > values.max() / 2]), published.WIDTH_WITHIN)
    yield bound(head, "largest response up to 1 ms", 0.0, values[fine <= 1].max())
    lags, table = tabulated_kernel()
    yield row(head, "largest difference from the table", None,
              np.abs(ELLWOOD_KERNEL(lags) - table).max(), None)
    kernels: dict[str, Kernel] = {"two traces": ELLWOOD_KERNEL, "table": interpolated}
    for name, kernel in kernels.items():
        peak = kernel(np.array(published.PEAK))
        for lag, response in published.OFFSET_CURVE.items():
            yield row(head, f"response at {lag} ms, {name}", response,
                      float(kernel(np.array(lag)) / peak), published.OFFSET_WITHIN)


def main_rows(head: str, windows: Windows) -> Iterator[Row]:
    """The table: ROC, success, spurious, thresholds."""
    for window, found in windows.items():
        here = partial(row, head)
        yield here(f"{window} s: AUC", published.AUC[window], found.auc, published.AUC_WITHIN)
        for rate, value in zip(published.FALSE_POSITIVES, published.TRUE_POSITIVES[window],
                               strict=True):
            yield here(f"{window} s: true positives at {rate:.0%}", value,
                       found.true_positives(rate), published.RATE_WITHIN)
        yield here(f"{window} s: success", published.SUCCESS[window], found.success,
                   published.SUCCESS_WITHIN)
        yield here(f"{window} s: spurious", published.SPURIOUS[window], found.spurious, None)
        yield here(f"{window} s: threshold / threshold at 1 s", THRESHOLDS[window],
                   found.threshold / windows[1.0].threshold, published.THRESHOLD_WITHIN)
    yield row(head, "1.0 s: threshold, in the kernel's unit", 1.0, windows[1.0].threshold,
              published.THRESHOLD_WITHIN)


def jitter_rows(jittered: Windows) -> Iterator[Row]:
    for jitter, found in jittered.items():
        here = partial(row, f"{published.PAPER}, jitter in 1 s, {MAIN}")
        yield here(f"{jitter:.0f} ms: AUC", published.JITTER_AUC[jitter], found.auc,
                   published.AUC_WITHIN)
        yield here(f"{jitter:.0f} ms: true positives at 10%",
                   published.JITTER_TRUE_POSITIVES[jitter], found.true_positives(0.1),
                   published.RATE_WITHIN)


def spikes_rows(head: str, windows: Windows) -> Iterator[Row]:
    for window, steps in published.SUCCESS_BY_SPIKES.items():
        for spikes, success in steps.items():
            yield row(head, f"{window} s: success with {spikes} query spikes", success,
                      windows[window].success_with(spikes), published.SUCCESS_WITHIN)


def digital_rows(effort: Effort) -> Iterator[Row]:
    """Without noise: what digital hardware can reach, and two matching axons at once."""
    head = f"{published.PAPER}, noise-free, {MAIN}"
    for window, area in published.NOISE_FREE_AUC.items():
        found = measure(Setup(1000 * window, DIGITAL), effort)
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
