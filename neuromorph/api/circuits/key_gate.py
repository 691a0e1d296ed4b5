"""A gate before a head: keys that a guess of few dimensions finds weak stay silent.

Fire Together Wire Together (Elkerdawy et al., CVPR 2022) for the heads of the digits model. It is
off everywhere else: a narrower window saves as much for less, as the picture says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.digits_head import digits_layer, one_head
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.api.equal import require_equal
from neuromorph.circuits.key_gate import (
    KeyGate,
    build,
    gate_steps,
    open_gates,
    read,
    stimulate,
)
from neuromorph.dynamics.mass_mask import mass_mask
from neuromorph.network import Probe
from neuromorph.numerics.limits import DELAY_MAX
from neuromorph.papers.ftwt import Predictor, fit_predictor, margin_of_mass
from neuromorph.progress import Progress
from neuromorph.report.key_gate import draw_gates
from neuromorph.translate import Sample
from neuromorph.translate.fidelity import float_attention

CALIBRATION_IMAGES = 32
BITS = {2: 1, 3: 3, 4: 7, 5: 15}
STEP_NATS = 0.25
POINTS = 24


@dataclass(frozen=True)
class Settings:
    """Which head of the digits model is gated, and how."""

    image: Annotated[int, Meaning("Test image, from 0.")] = 0
    layer: Annotated[int, Meaning("Layer of the digits model, from 0.")] = 1
    head: Annotated[int, Meaning("Head of that layer, from 0.")] = 0
    rank: Annotated[int, Meaning("Dimensions of the guess.", low=1, high=16)] = 8
    bits: Annotated[int, Meaning("Of a code, with its sign.", low=2, high=5)] = 4
    keep: Annotated[float, Meaning(
        "Share of the attention that gates keep on calibration data.", above=0, high=1)] = 0.97

    def __post_init__(self) -> None:
        check_limits(self)


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(KeyGate(np.array([[1], [-1]], np.int32), 1, 1, 1, 2, 4)))


def run(
    settings: Settings, *, backend: str, seed: int, progress: Progress  # noqa: ARG001 - draws nothing
) -> Outcome:
    """Fit a guess and a margin on training images, gate a test image's queries, compare.

    Raises
    ------
    UsageError
        If there is no such image, layer, head or rank.
    DisagreementError
        If a gate is open that should be closed, or the other way.
    """
    progress("reading the digits model")
    seen = digits_layer(settings.image, settings.layer, settings.head, CALIBRATION_IMAGES)
    training = [one_head(sample, settings.head) for sample in seen.training]
    sample = one_head(seen.sample, settings.head)
    guess, gate = fitted(training, settings.rank, BITS[settings.bits], settings.keep)
    gate = replace(gate, keys=guess.of_keys(sample.keys[0]))
    queries = guess.of_queries(sample.queries[0])
    progress(f"gating {len(queries)} queries of {len(gate.keys)} keys on {backend}")
    opened = gates(gate, queries, sample.mask, backend)
    weights = float_attention(sample)[0][0]
    numbers = _numbers(gate, opened, weights, settings.keep)
    curve = _curves(sample, gate, queries, weights)
    return Outcome(numbers, _sentences(numbers), partial(draw_gates, weights, opened, curve))


def fitted(
    samples: list[Sample], rank: int, limit: int, keep: float
) -> tuple[Predictor, KeyGate]:
    """A guess for samples of one head each; and a gate for it, of the first sample's keys.

    A step is a quarter of a nat. The window reaches from the best guess that there was down to the
    weakest query's, and a margin further; the margin keeps the mass.
    """
    guess = fit_predictor(np.concatenate([s.queries[0] for s in samples]),
                          np.concatenate([s.keys[0] for s in samples]), rank, limit)
    ramp = max(1, round(2 * STEP_NATS / guess.unit**2))
    best = np.concatenate([_best(guess, sample) for sample in samples])
    wide = KeyGate(guess.of_keys(samples[0].keys[0]), limit, ramp, 1, int(best.max()),
                   max(1, -int((best.min() - best.max()) // ramp) + DELAY_MAX))
    behind, weights = [], []
    for sample in samples:
        gate = replace(wide, keys=guess.of_keys(sample.keys[0]))
        behind.append(_behind(gate, guess.of_queries(sample.queries[0]), sample.mask).ravel())
        weights.append(float_attention(sample)[0][0].ravel())
    rows = sum(int(sample.mask.any(axis=1).sum()) for sample in samples)
    margin, _ = margin_of_mass(np.concatenate(behind), np.concatenate(weights), rows, keep,
                               DELAY_MAX)
    return guess, replace(wide, margin=margin, window=wide.window - DELAY_MAX + margin)


def _best(guess: Predictor, sample: Sample) -> NDArray[np.int64]:
    """The best score in sight of each query that may look anywhere."""
    codes = (guess.of_queries(sample.queries[0]), guess.of_keys(sample.keys[0]))
    scores = 2 * codes[0].astype(np.int64) @ codes[1].T.astype(np.int64)
    best = np.where(sample.mask, scores, np.iinfo(np.int64).min).max(axis=1)
    found: NDArray[np.int64] = best[sample.mask.any(axis=1)]
    return found


def _behind(gate: KeyGate, queries: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Steps from the first gate to each key's, -1 where it is hidden."""
    steps = gate_steps(gate, queries)
    first = np.where(mask, steps, gate.window + 1).min(axis=1, keepdims=True)
    return np.where(mask, steps - first, -1)


def gates(
    gate: KeyGate, queries: NDArray[Any], mask: NDArray[np.bool_], backend: str
) -> NDArray[np.bool_]:
    """Which gates the circuit opens, shape (queries, keys).

    Raises
    ------
    DisagreementError
        If it is not what the closed form says.
    """
    trains, steps = stimulate(gate, queries, mask)
    probes = [Probe("hold", "spikes"), Probe("count", "spikes")]
    ran = backends.get(backend).run(build(gate), trains, probes, steps)
    found, closed = read(gate, ran.spikes, len(queries))
    want = open_gates(gate, queries, mask)
    require_equal("the gate", "key gate", [
        ("gates", found, want), ("count", closed[:, None], (~want).sum(axis=1)[:, None])], "key")
    return found


def _numbers(
    gate: KeyGate, opened: NDArray[np.bool_], weights: NDArray[Any], keep: float
) -> dict[str, Any]:
    rows = weights.sum(axis=1) > 0
    return {
        "keys": len(gate.keys), "rank": gate.keys.shape[1], "margin_steps": gate.margin,
        "steps_a_query": gate.period, "keys_gated": float(1 - opened.mean()),
        "mass_kept": float((weights * opened)[rows].sum(axis=1).mean()),
        "keys_gated_by_the_answer_itself": float(1 - mass_mask(weights, keep).mean()),
    }


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    silent = (
        f"Of {numbers['keys']} keys {numbers['keys_gated']:.0%} stay silent, and "
        f"{numbers['mass_kept']:.1%} of the attention is kept; the mask that knows the answer "
        f"silences {numbers['keys_gated_by_the_answer_itself']:.0%}.")
    cost = (
        f"The gate takes {numbers['steps_a_query']} steps a query before the head's own, and "
        f"{numbers['rank']} synaptic operations a key.")
    return silent, cost, "Every gate is that of the closed form."


def _curves(
    sample: Sample, gate: KeyGate, queries: NDArray[Any], weights: NDArray[Any]
) -> NDArray[np.float64]:
    """Share of keys and mass kept of windows, and of gates, from narrow to wide."""
    logits = sample.logits(0, sample.keys[0].mean(axis=0))
    behind, parts = _behind(gate, queries, sample.mask), np.linspace(0, 1, POINTS)
    floors = np.quantile(logits[np.isfinite(logits)], 0.98 * parts[::-1])
    margins = np.quantile(behind[behind >= 0], parts)
    return np.array([[_point(logits >= floor, weights) for floor in floors],
                     [_point((behind >= 0) & (behind <= steps), weights) for steps in margins]])


def _point(fires: NDArray[np.bool_], weights: NDArray[Any]) -> tuple[float, float]:
    return float(fires.mean()), float((weights * fires).sum(axis=1).mean())
