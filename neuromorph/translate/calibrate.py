"""From calibration samples of one layer to its integer codes and circuits.

Balanced codes: with per-channel ranges Q_j of queries and K_j of centred keys, queries are
multiplied and keys divided by b_j = sqrt(K_j / Q_j). Both then have range sqrt(Q_j K_j),
every product of codes stands for the same number of nats, and the rounding error of the
logit, sum_j (q_j^2 + k_j^2) / 12 code steps squared, is the least a static scaling can have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.errors import RangeProofError
from neuromorph.numerics.limits import INPUT_BITS, NARROW_INPUT_BITS
from neuromorph.translate.bias import reach_of, roomy
from neuromorph.translate.centre import centre_of
from neuromorph.translate.code import LayerCode
from neuromorph.translate.curve import with_cap
from neuromorph.translate.feasible import draft_head, largest_bound, steepest_ramp, widest_window
from neuromorph.translate.masses import window_of_mass
from neuromorph.translate.matches import best_matches
from neuromorph.translate.options import TranslateOptions
from neuromorph.translate.outliers import Outliers, without_outliers
from neuromorph.translate.samples import FloatArray, Sample, check_samples
from neuromorph.translate.slope import reach_nats, slopes_of, with_slope, without_query_part

Floats = NDArray[np.float64]

RAMPS_MAX = {INPUT_BITS: 8_000, NARROW_INPUT_BITS: 500}
"""Steepest ramp that is chosen, by the bits of an input: far finer than codes that carry something
need. Flat heads would take any."""

FLAT = 1e-12
"""Ranges below this carry nothing; the channel's scale is then arbitrary."""


def calibrate_layer(
    samples: Sequence[Sample], options: TranslateOptions, where: str = "layer"
) -> LayerCode:
    """Static codes and circuits of one layer.

    Parameters
    ----------
    samples : sequence of Sample
        Sequences through this layer; other data than what will be measured.
    options : TranslateOptions
    where : str
        Name for messages.

    Raises
    ------
    CalibrationError
        If the samples are missing, misshapen or not finite.
    RangeProofError
        If no integer circuit fits the options.
    """
    return calibrate_and_tell(samples, options, where)[0]


def calibrate_and_tell(
    samples: Sequence[Sample], options: TranslateOptions, where: str = "layer", *,
    curved: bool = False,
) -> tuple[LayerCode, Outliers]:
    """`calibrate_layer`, and what it left out of the samples.

    ``curved`` ramps undo the samples' soft cap, without which a cap is left out; see `curve`.
    """
    check_samples(samples, where)
    samples, slopes = _with_slopes(samples, options)
    samples, outliers = without_outliers(samples)
    slots = options.slots or max(sample.keys.shape[1] for sample in samples)
    group = samples[0].group
    matches = list(best_matches(samples))
    key_centre = np.stack([centre_of(matches[h : h + group])
                           for h in range(0, len(matches), group)])
    cap = samples[0].softcap if curved else None
    key_centre = np.zeros_like(key_centre) if cap else key_centre
    key_range = _ranges([s.keys for s in samples], key_centre, options)
    value_centre = _tokens([s.values for s in samples]).mean(axis=1)
    value_range = _ranges([s.values for s in samples], value_centre, options)
    query_range = options.headroom * np.max(
        [np.abs(s.queries).max(axis=1) for s in samples], axis=0).astype(np.float64)
    shared = query_range.reshape(-1, group, query_range.shape[1]).max(axis=1)
    balance = np.sqrt(_positive(key_range) / _positive(shared))
    draft = draft_head(slots, samples[0].keys.shape[2], samples[0].values.shape[2], options)
    key_scale = balance * (key_range / balance).max(axis=1, keepdims=True) / draft.key_limit
    key_scale = np.where(key_scale > FLAT, key_scale, 1.0)
    heads, query_scale = [], np.empty_like(query_range)
    reach = reach_of(samples, options.headroom)
    for h in range(len(query_range)):
        spread = query_range[h] * key_scale[h // group]
        best = matches[h].around(key_centre[h // group])
        fitted = options if options.keep_mass is None else replace(
            options, keep_mass=None, window_nats=window_of_mass(
                samples, h, key_centre[h // group],
                float(np.quantile(best, options.low_quantile)), options.keep_mass))
        head, nats = _circuit(spread.max() / draft.query_limit, best, draft, fitted,
                              float(reach[h]), float(slopes[h]), cap)
        heads.append(head)
        query_scale[h] = nats / key_scale[h // group]
    value_scale = _positive(value_range) / draft.value_limit
    if any(s.bias is not None for s in samples):
        # A sink's value is 0, which a code should say exactly.
        value_centre = np.rint(value_centre / value_scale) * value_scale
    return LayerCode(tuple(heads), query_scale, key_centre, key_scale, value_centre, value_scale,
                     options.exact_step_nats), outliers


def _with_slopes(
    samples: Sequence[Sample], options: TranslateOptions
) -> tuple[Sequence[Sample], Floats]:
    """Nats a slot of each head, and the samples without the query's part of their biases."""
    if options.slopes and all(s.bias is not None for s in samples):
        moved = without_query_part(samples)
        slopes = slopes_of(moved)
        if slopes is not None:
            return moved, slopes
    return samples, np.zeros(len(samples[0].queries))


def _tokens(arrays: Sequence[FloatArray]) -> Floats:
    """All samples' tokens one after the other, shape (kv_heads, tokens, size)."""
    return np.concatenate(arrays, axis=1).astype(np.float64)


def _ranges(arrays: Sequence[FloatArray], centre: Floats, options: TranslateOptions) -> Floats:
    """Largest deviation from the centre a channel, over all tokens; shape (kv_heads, size)."""
    deviation = np.abs(_tokens(arrays) - centre[:, None, :]).max(axis=1)
    widened: Floats = options.headroom * deviation
    return widened


def _positive(ranges: Floats) -> Floats:
    return np.where(ranges > FLAT, ranges, np.maximum(ranges.max(axis=1, keepdims=True), FLAT))


def _circuit(
    least_nats: float, best: Floats, draft: LatencyAttention, options: TranslateOptions,
    reach: float = 0.0, slope: float = 0.0, cap: float | None = None,
) -> tuple[LatencyAttention, float]:
    """The circuit of one head, and the nats that one product of codes stands for.

    The ramp is a whole number of score units a step, an even one for two neurons a key, so the
    nats a product are rounded up to the next value that makes it one. ``reach`` is that of a
    bias, in nats; ``slope`` what it loses a slot, where it is of that kind; ``cap`` that of scores.
    """
    step, steepest = options.exact_step_nats, RAMPS_MAX[draft.input_bits]
    if slope:
        reach = reach_nats(slope, draft.slots)
    if reach:
        draft, steepest = roomy(draft, max(least_nats, FLAT), steepest, step, reach)
    shift, bound = draft.key_shift, draft.score_bound
    steepest = steepest_ramp(draft, steepest)
    ramp = int(np.clip(2 * step / (2**shift * max(least_nats, FLAT)), 1, steepest))
    ramp = max(1, ramp // draft.neurons_per_key) * draft.neurons_per_key
    nats = 2 * step / (2**shift * ramp)
    a_nat = ramp / step
    if slope:
        draft = with_slope(replace(draft, ramp=ramp), slope, step)
        best = best + draft.near / a_nat
    if cap:
        return prove_ranges(with_cap(replace(draft, ramp=ramp), best, cap, options)), nats
    low = float(np.quantile(best, options.low_quantile))
    latest = math.ceil((best.max() + options.margin_nats) * a_nat) + ramp
    if reach:  # as many units as a score needs may be fewer than a step's
        bound = max(bound, min(latest, largest_bound(draft)))
        draft = replace(draft, score_bound=bound)
    latest = min(bound, latest)
    if latest < -bound:
        raise RangeProofError(
            "a head's logits lie farther from 0 than its scores reach", where="latency attention",
            found=f"{float(np.abs(best).max()):.3g} nats", expected=f"at most {bound / a_nat:.3g}",
            hint="such weights, or such data, make attention look at one key only")
    reach = low - options.window_nats + options.free_steps * step
    earliest = max(-bound, math.floor(reach * a_nat))
    climbing = replace(draft, ramp=ramp, latest=latest)
    window = widest_window(climbing, math.ceil((latest - earliest) / ramp))
    return prove_ranges(replace(climbing, window=window)), nats
