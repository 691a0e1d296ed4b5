"""A layer's codes after its inputs have drifted: windows, centres and scales follow by traces.

After `export` windows, centres and scales are static. A stream of other text moves them:

::

    windows:  z = g b + m keeps mean and spread of the best matches b (`dynamics.homeostasis`)
              latest' = max(latest, (latest - m) / g),  floor' = min(floor, floor moved as
              weak queries' best matches are)
    centres:  c_j += mean(k_j) - mean of the reference              trace of the passages' means
    scales:   g_j of key and query codes keep their spread; their product is one a head

The reference is the sample in the bundle, which the codes were made for. Windows only widen, so
that text as before is run as before. Softmax does not see a centre, but the old text's best
matches move with it; and scales were found to harm: both follow only if asked to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.dynamics.homeostasis import ALPHA, Homeostasis, check_alpha
from neuromorph.errors import UsageError, did_you_mean
from neuromorph.shapes import Float64
from neuromorph.translate.code import LayerCode
from neuromorph.translate.feasible import widest_window
from neuromorph.translate.matches import BestMatches, best_matches
from neuromorph.translate.options import TranslateOptions
from neuromorph.translate.samples import FloatArray, Sample, check_samples

Floats = NDArray[np.float64]

Follow: TypeAlias = Literal["windows", "centres", "scales"]
FOLLOW: tuple[Follow, ...] = ("windows", "centres", "scales")
"""What follows: each with those before it."""

SPREAD = (0.5, 2.0)
"""Gains of best matches that a window follows: beyond, a stream is too short to say."""

LOW = TranslateOptions.low_quantile
"""Of a weak query."""

ROWS = 64
"""Queries or keys of a passage that make up for the whole share: of fewer, for less."""


@dataclass(frozen=True)
class Scaled:
    """What scales became: keys' (kv_heads, key_size), and gains of a head's product (kv_heads,)."""

    key_scale: Annotated[Float64, "kv_heads key_size"]
    product: Annotated[Float64, "heads"]


def adapt_layer(
    code: LayerCode, reference: Sample, stream: Sequence[Sample], alpha: float = ALPHA, *,
    follow: Follow = "windows", where: str = "layer",
) -> LayerCode:
    """The code of a layer after a stream of passages, one update each.

    Parameters
    ----------
    code : LayerCode
    reference : Sample
        What the codes were made for.
    stream : sequence of Sample
        Other text through the layer.
    alpha : float
        Share of a drift that a passage of `ROWS` tokens or more makes up for, in (0, 1].
    follow : {"windows", "centres", "scales"}
        What follows: each with those before it.
    where : str
        Name for messages.

    Raises
    ------
    CalibrationError
        If the stream is empty, misshapen or not finite.
    UsageError
        If alpha is out of range, or nothing of that name follows.
    RangeProofError
        If a circuit no longer fits.
    """
    check_alpha(alpha)
    check_follow(follow)
    check_samples([reference, *stream], where)
    centre = code.key_centre if follow == "windows" else _centre(code, reference, stream, alpha)
    scaled = _scales(code, reference, stream, alpha) if follow == "scales" else Scaled(
        code.key_scale, np.ones(len(code.key_scale)))
    before, after = list(best_matches([reference])), list(best_matches(stream))
    heads, query_scale = [], code.query_scale.copy()
    for h, head in enumerate(code.heads):
        kv = h // code.group
        ramp = _ramp(head, float(scaled.product[kv]))
        if follow == "scales":
            nats = 2 * code.step_nats / (2**head.key_shift * ramp)
            query_scale[h] = nats / scaled.key_scale[kv]
        usual = before[h].around(code.key_centre[kv])
        turn = _followed(usual, _passages(after[h], centre[kv], stream), alpha)
        heads.append(_widened(head, ramp, code.step_nats, turn, float(np.quantile(usual, LOW))))
    return replace(code, heads=tuple(heads), query_scale=query_scale, key_centre=centre,
                   key_scale=scaled.key_scale)


def check_follow(follow: str) -> None:
    """Refuse what cannot follow.

    Raises
    ------
    UsageError
    """
    if follow not in FOLLOW:
        raise UsageError("nothing of that name follows a drift", found=follow,
                         expected=" or ".join(FOLLOW), hint=did_you_mean(str(follow), FOLLOW))


def _share(alpha: float, rows: int) -> float:
    """What so many rows make up for."""
    return alpha * min(1.0, rows / ROWS)


def _centre(code: LayerCode, reference: Sample, stream: Sequence[Sample], alpha: float) -> Floats:
    """The keys' centre, moved as their mean has."""
    usual = reference.keys.mean(axis=1, dtype=np.float64)
    trace = usual
    for sample in stream:
        mean = sample.keys.mean(axis=1, dtype=np.float64)
        trace = trace + _share(alpha, sample.keys.shape[1]) * (mean - trace)
    moved: Floats = code.key_centre + trace - usual
    return moved


def _scales(code: LayerCode, reference: Sample, stream: Sequence[Sample], alpha: float) -> Scaled:
    """Scales by which codes keep the spread that they had.

    What a key's channel gains its queries lose, so that products stand for as many nats in every
    channel: of the gains wanted, a head's mean product is had, and the rest is balanced.
    """
    keys = _gains([s.keys / code.key_scale[:, None] for s in (reference, *stream)], alpha)
    queries = _gains([s.queries / code.query_scale[:, None] for s in (reference, *stream)], alpha)
    loudest = queries.reshape(len(keys), code.group, -1).min(axis=1)
    product = np.exp(np.log(keys * loudest).mean(axis=1))
    return Scaled(code.key_scale / np.sqrt(product[:, None] * keys / loudest), product)


def _gains(codes: Sequence[FloatArray], alpha: float) -> Floats:
    """g of every head's channels, of codes before rounding; the first sample is the reference."""
    heads, _, size = codes[0].shape
    flat = [one.transpose(1, 0, 2).reshape(one.shape[1], -1) for one in codes]
    state = Homeostasis.of(flat[0], alpha)
    for one in flat[1:]:
        state = replace(state, alpha=_share(alpha, len(one))).follow(one)
    return state.gain.reshape(heads, size)


def _ramp(head: LatencyAttention, product: float) -> int:
    """Units a step where products of codes are so many times as large."""
    count = head.neurons_per_key
    return max(1, round(head.ramp * product / count)) * count


def _passages(matches: BestMatches, centre: Floats, stream: Sequence[Sample]) -> list[Floats]:
    """Best matches of each passage's queries around another centre."""
    ends = np.cumsum([int(sample.mask.any(axis=1).sum()) for sample in stream])
    return np.split(matches.around(centre), ends[:-1])


def _followed(usual: Floats, passages: Sequence[Floats], alpha: float) -> tuple[float, float]:
    """Gain and shift that bring best matches back to where they were."""
    state = Homeostasis.of(usual[:, None], alpha)
    for best in passages:
        state = replace(state, alpha=_share(alpha, len(best))).follow(best[:, None])
    return float(np.clip(state.gain[0], *SPREAD)), float(state.shift[0])


def _widened(
    head: LatencyAttention, ramp: int, step: float, turn: tuple[float, float], low: float
) -> LatencyAttention:
    """The head with its window where best matches were and are, as deep below the weak ones."""
    gain, shift = turn
    latest = head.latest / head.ramp * step
    floor = latest - (head.window - head.pause) * step + min(0.0, (low - shift) / gain - low)
    due = math.ceil(max(latest, (latest - shift) / gain) * ramp / step)
    due = min(max(due, -head.score_bound), head.score_bound)
    climbing = replace(head, ramp=ramp, latest=due)
    steps = max(1, math.ceil(due / ramp - floor / step))
    return prove_ranges(replace(climbing, window=widest_window(climbing, steps)))
