"""Queries, keys, values, their codes, heads, and what comes back from them, as integers."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Annotated

import numpy as np

from neuromorph.circuits.block.numbers import X_LIMIT, Code, Dense, Ints
from neuromorph.circuits.block.project import partner_of
from neuromorph.circuits.hebbian_attention import prove_writes
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.emit import emission_of
from neuromorph.errors import RangeProofError
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Float64, Int64, Num
from neuromorph.translate.block.float_norm import Floats
from neuromorph.translate.block.floats import FloatBlock, Trace
from neuromorph.translate.block.quantised import Quantised, rounded
from neuromorph.translate.block.scales import multiplier_of, unit_of
from neuromorph.translate.block.values import aligned
from neuromorph.translate.calibrate import calibrate_layer
from neuromorph.translate.code import LayerCode
from neuromorph.translate.options import TranslateOptions
from neuromorph.translate.samples import Sample

EPSILON_BITS = 20
"""Of the root of a head norm's epsilon: what is shorter is as good as nothing."""


def coded(
    floats: FloatBlock, traces: list[Trace], options: TranslateOptions
) -> LayerCode:
    """Codes and circuits of the heads, as for heads with a host.

    Raises
    ------
    CalibrationError, RangeProofError
        As `calibrate_layer`; and if a head could not write its tokens.
    """
    samples = [Sample(floats.scale * floats.by_head(t.query), floats.by_head(t.key),
                      floats.by_head(t.value), floats.seen(len(t.end)))
               for t in traces]
    code = aligned(calibrate_layer(samples, options, floats.name), floats, traces)
    for head in code.heads:
        prove_writes(head)
    return code


def x_units(
    floats: FloatBlock, layers: Mapping[str, Quantised], traces: list[Trace], room: float
) -> dict[str, Annotated[Float64, "_"]]:
    """What a step of queries, keys and values of 16 bits stands for.

    It is the same of both of a pair that is turned; and of all that are normed, which have 24.
    """
    units = {name: unit_of(np.concatenate([getattr(t, field) for t in traces]), room,
                           STATE_MAX if name in floats.head_norms else X_LIMIT, layers[name].bias)
             for name, field in (("query", "query_x"), ("key", "key_x"), ("value", "value"))}
    for name, norm in floats.head_norms.items():  # none so small that epsilon would not fit
        least = sqrt(norm.epsilon) / 2**EPSILON_BITS
        units[name] = np.full_like(units[name], max(least, units[name].max()))
    for name in ("query", "key") if floats.rotary is not None else ():
        pairs = partner_of(len(units[name]), floats.size)
        units[name] = np.maximum(units[name], units[name][pairs])
    return units


def codes_of(
    floats: FloatBlock, code: LayerCode, units: dict[str, Annotated[Float64, "_"]]
) -> tuple[Code, Code, Code]:
    """Of queries, keys and values; see `LayerCode`."""
    shared, nothing = code.shared, np.zeros_like(units["query"])
    return (
        _code(f"{floats.name}.query_code", nothing, units["query"] * floats.scale,
              code.query_scale, shared.query_limit),
        _code(f"{floats.name}.key_code", code.key_centre, units["key"], code.key_scale,
              shared.key_limit),
        _code(f"{floats.name}.value_code", code.value_centre, units["value"], code.value_scale,
              shared.value_limit))


def _code(where: str, centre: Floats, units: Floats, scale: Floats, limit: int) -> Code:
    multiplier, shift = multiplier_of(units / scale.ravel(), where)
    return Code(rounded(centre.ravel() / units), multiplier, shift, limit)


def output_of(
    floats: FloatBlock, code: LayerCode, places: int, turns: int | None,
    contexts: Annotated[Float64, "tokens inputs"] | None = None,
) -> tuple[Dense, int]:
    """W_o, which also takes contexts back to values; and in how many parts it adds them up."""
    gains = np.array([emission_of(head).gain(head) for head in code.heads])[:, None]
    back = (np.repeat(code.value_scale, code.group, axis=0) / gains).ravel()
    centre = np.repeat(code.value_centre, code.group, axis=0).ravel()
    rows = Quantised.of(floats.output.behind(back),
                        None if contexts is None else (contexts - centre) / back)
    multiplier, shift = multiplier_of(rows.scale * 2.0**places, f"{floats.name}.output")
    bias = (floats.output.weight @ centre + rows.bias) * 2.0**places
    return (Dense(rows.weights, multiplier, shift, rounded(bias)),
            turns or turns_of(rows.weights, code.heads, floats.name))


def turns_of(
    weights: Annotated[Num, "rows columns"], heads: tuple[LatencyAttention, ...], where: str
) -> int:
    """The fewest parts whose sums are all proved.

    Raises
    ------
    RangeProofError
        If not even one context a head at a time is.
    """
    size = heads[0].value_size
    for turns in range(1, size + 1):
        worst = largest_part(weights, heads, turns)
        if worst.max() <= STATE_MAX:
            return turns
    row = int(worst.argmax())
    raise RangeProofError("W_o could add up contexts beyond 24 bits, however few at a time",
                          where=f"{where}.output row {row}", found=int(worst.max()),
                          expected=STATE_MAX, hint="fewer heads, or narrower contexts")


def largest_part(
    weights: Annotated[Num, "rows columns"], heads: tuple[LatencyAttention, ...], turns: int
) -> Annotated[Int64, "rows"]:
    """The largest sum of contexts, a row: sum_j |w_ij| limit over one part."""
    size = heads[0].value_size
    limits = np.repeat([emission_of(head).limit for head in heads], size)
    most = np.abs(weights.astype(np.int64)) * limits
    parts = np.arange(weights.shape[1]) % size % turns
    worst: Ints = np.max([most[:, parts == turn].sum(axis=1) for turn in range(turns)], axis=0)
    return worst
