"""Layers from floats to floats, and what they must answer: coded, clocked and decoded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends import AttentionBatch, FloatAnswer, FloatWork, Sight
from neuromorph.circuits.latency_attention import LatencyAttention, flat_queries, prove_ranges
from neuromorph.translate import LayerCode

Floats = NDArray[np.float32]
Masks = NDArray[np.bool_]


def coded(code: LayerCode, work: FloatWork) -> tuple[AttentionBatch, int]:
    """Integer work, and how many codes were clipped."""
    parts = [code.encode_queries(work.queries * work.queries.dtype.type(work.scale)),
             code.encode_keys(work.keys), code.encode_values(work.values)]
    return (AttentionBatch(code.heads, *(codes for codes, _ in parts), work.sight.mask),
            sum(clipped for _, clipped in parts))


def in_one_pass(code: LayerCode, work: FloatWork) -> FloatAnswer:
    """From floats to floats."""
    layer = backends.float_layer("fast", code)
    assert layer is not None
    answer = layer(work)
    assert answer is not None
    return answer


def check(code: LayerCode, work: FloatWork) -> FloatAnswer:
    """From floats to floats, by codes in closed form, and step by step: the same, to the bit."""
    (batch, clipped), found = coded(code, work), in_one_pass(code, work)
    truth = backends.attend_clocked(backends.get("fast"), batch)
    assert backends.attend("fast", batch, times=True).differs_from(truth) is None
    assert found.context.dtype == np.float32
    np.testing.assert_array_equal(found.context, code.decode(truth))
    flat = np.count_nonzero(flat_queries(code.heads, truth))
    assert found[1:] == (truth.spikes.sum(), truth.forced.sum(), clipped, flat)
    return found


def code_of(
    head: LatencyAttention, heads: int = 2, kv_heads: int = 1, seed: int = 0
) -> LayerCode:
    """A layer of equal heads with scales that are no round numbers."""
    rng = np.random.default_rng(seed)

    def scale(rows: int, size: int) -> NDArray[np.float64]:
        return rng.uniform(0.05, 0.3, (rows, size))

    return LayerCode((prove_ranges(head),) * heads, scale(heads, head.key_size),
                     rng.normal(size=(kv_heads, head.key_size)), scale(kv_heads, head.key_size),
                     rng.normal(size=(kv_heads, head.value_size)),
                     scale(kv_heads, head.value_size), step_nats=np.log(2))


def floats_of(
    code: LayerCode, queries: Any, keys: Any, values: Any, mask: Masks
) -> FloatWork:
    """Floats that are coded as these codes, (batch, heads, tokens, size) each."""
    return FloatWork(
        (queries * code.query_scale[:, None]).astype(np.float32),
        (code.key_centre[:, None] + keys * code.key_scale[:, None]).astype(np.float32),
        (code.value_centre[:, None] + values * code.value_scale[:, None]).astype(np.float32),
        Sight(mask))


def random_work(
    code: LayerCode, batch: int, asked: int, keys: int, mask: Masks | None = None, seed: int = 1
) -> FloatWork:
    """Any codes that the limits allow."""
    rng, head = np.random.default_rng(seed), code.heads[0]
    kv_heads = len(code.key_scale)

    def some(rows: int, tokens: int, size: int, limit: int) -> NDArray[np.int64]:
        return rng.integers(-limit, limit + 1, (batch, rows, tokens, size))

    return floats_of(
        code, some(len(code.heads), asked, head.key_size, head.query_limit),
        some(kv_heads, keys, head.key_size, head.key_limit),
        some(kv_heads, keys, head.value_size, head.value_limit),
        np.ones((batch, asked, keys), bool) if mask is None else mask)


def laid_out(work: FloatWork, how: str) -> FloatWork:
    """The same numbers, elsewhere in memory."""
    return replace(work, **{name: _LAYOUTS[how](getattr(work, name))
                            for name in ("queries", "keys", "values")})


def _of_tokens(array: Floats) -> Floats:
    return np.ascontiguousarray(array.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)


def _backwards(array: Floats) -> Floats:
    return np.ascontiguousarray(array[:, ::-1, ::-1])[:, ::-1, ::-1]


def _in_a_larger_one(array: Floats) -> Floats:
    larger = np.full([size + 3 for size in array.shape], np.nan, np.float32)
    inner = larger[tuple(slice(1, size + 1) for size in array.shape)]
    inner[:] = array
    return inner


def _every_second(array: Floats) -> Floats:
    wide = np.repeat(array, 2, axis=3)
    wide[..., 1::2] = np.nan
    return wide[..., ::2]


def _read_only(array: Floats) -> Floats:
    same = array.copy()
    same.flags.writeable = False
    return same


_LAYOUTS = {
    "one piece": np.ascontiguousarray, "of tokens": _of_tokens, "backwards": _backwards,
    "in a larger one": _in_a_larger_one, "every second": _every_second,
    "columns first": np.asfortranarray, "read-only": _read_only,
}
LAYOUTS = tuple(_LAYOUTS)
