"""Attention layers: the projections, and every way in which one can be wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import small_models as small

from neuromorph.errors import ModelStructureError, TensorError
from neuromorph.models import AttentionLayer, AttentionModel, Rotary

TOKENS, WIDTH, HEADS, KV_HEADS, SIZE, VALUE_SIZE = 3, 12, 4, 2, 4, 5


def layer(**changes: Any) -> AttentionLayer:
    fields: dict[str, Any] = {
        "name": "layer", "heads": HEADS, "kv_heads": KV_HEADS, "head_size": SIZE,
        "value_size": VALUE_SIZE,
        "query_weight": small.random((HEADS * SIZE, WIDTH), 1),
        "key_weight": small.random((KV_HEADS * SIZE, WIDTH), 2),
        "value_weight": small.random((KV_HEADS * VALUE_SIZE, WIDTH), 3),
    }
    return AttentionLayer(**(fields | changes))


def test_project_is_the_equation() -> None:
    """Head by head and token by token, without a matrix product."""
    bias = small.random((KV_HEADS * VALUE_SIZE,), 4)
    model, x = layer(value_bias=bias), small.random((TOKENS, WIDTH), 5)
    q, k, v = model.project(x)
    assert q.shape == (HEADS, TOKENS, SIZE)
    assert k.shape == (KV_HEADS, TOKENS, SIZE)
    assert v.shape == (KV_HEADS, TOKENS, VALUE_SIZE)
    for head in range(HEADS):
        row = model.query_weight[head * SIZE + 1]
        assert q[head, 2, 1] == pytest.approx(sum(a * b for a, b in zip(row, x[2], strict=True)),
                                              abs=1e-5)
    row = VALUE_SIZE + 3
    assert v[1, 0, 3] == pytest.approx(float(model.value_weight[row] @ x[0] + bias[row]), abs=1e-5)
    assert {array.dtype.name for array in (q, k, v)} == {"float32"}


def test_properties() -> None:
    assert layer().width == WIDTH
    assert layer().group == 2
    assert layer().logit_scale == pytest.approx(1 / math.sqrt(SIZE))
    assert layer(scale=0.3).logit_scale == 0.3


def test_rotary_is_applied_to_queries_and_keys_at_their_positions() -> None:
    rotary, x, places = Rotary(), small.random((TOKENS, WIDTH)), np.array([5, 6, 9])
    q, k, v = layer().project(x)
    turned_q, turned_k, same_v = layer(rotary=rotary).project(x, places)
    np.testing.assert_array_equal(turned_q, rotary.turn(q, places))
    np.testing.assert_array_equal(turned_k, rotary.turn(k, places))
    np.testing.assert_array_equal(same_v, v)
    np.testing.assert_array_equal(layer(rotary=rotary).project(x)[0],
                                  rotary.turn(q, np.arange(TOKENS)))


def test_no_tokens() -> None:
    assert layer().project(np.zeros((0, WIDTH)))[0].shape == (HEADS, 0, SIZE)


def test_arrays_are_read_only_and_the_callers_stay_writable() -> None:
    weight = small.random((HEADS * SIZE, WIDTH), 1)
    with pytest.raises(ValueError, match="read-only"):
        layer(query_weight=weight).query_weight[0] = 0
    weight[0] = 0


WRONG = [
    ({"heads": 3}, "the key-value heads do not divide the heads; found 3 heads, 2"),
    ({"heads": 0}, "at least one head"),
    ({"kv_heads": 0}, "at least one head"),
    ({"head_size": 0}, "at least one element"),
    ({"heads": 8}, "the query weight has the wrong shape"),
    ({"head_size": 8}, "the query weight has the wrong shape"),
    ({"key_weight": small.random((6, WIDTH))}, "queries and keys differ in head size"),
    ({"value_weight": small.random((9, WIDTH))}, "the value weight has the wrong shape"),
    ({"query_weight": small.random((WIDTH, 16))}, "looks transposed"),
    ({"query_weight": small.random((16,))}, "wrong shape"),
    ({"query_weight": small.random(())}, "wrong shape"),
    ({"key_weight": small.random((8, WIDTH + 1))}, "the key weight has the wrong shape"),
    ({"query_bias": small.random((15,))}, "the bias has the wrong shape"),
    ({"rotary": Rotary(), "head_size": 2, "heads": 8, "kv_heads": 4, "value_size": 3,
      "value_weight": small.random((12, WIDTH)), "scale": -1.0}, "scale must be positive"),
    ({"scale": math.nan}, "scale must be positive"),
    ({"window": 0}, "at least one token"),
]


@pytest.mark.parametrize(("changes", "text"), WRONG)
def test_wrong_structure(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ModelStructureError, match=text):
        layer(**changes)


def test_odd_head_size_with_rotary() -> None:
    with pytest.raises(ModelStructureError, match="even head size"):
        layer(rotary=Rotary(), head_size=3, query_weight=small.random((12, WIDTH)),
              key_weight=small.random((6, WIDTH)))


def test_wrong_values() -> None:
    weight = small.random((HEADS * SIZE, WIDTH))
    with pytest.raises(TensorError, match=r"layer\.query: weights must be float32"):
        layer(query_weight=weight.astype(np.float64))
    weight[1, 1] = np.nan
    with pytest.raises(TensorError, match=r"layer\.query: weights must be finite; found 1 that"):
        layer(query_weight=weight)


@pytest.mark.parametrize(("hidden", "text"), [
    (np.zeros((2, 11)), r"found \[2, 11\]; expected \[tokens, 12\]"),
    (np.zeros(12), "wrong shape"),
    (np.zeros((1, 2, 12)), "wrong shape"),
    (np.zeros((2, 12), complex), "must be real numbers; found complex128"),
    (np.full((2, 12), np.nan), "must be finite; found 24 values"),
    (np.full((2, 12), 3e38), "a projection overflows float32"),
])
def test_wrong_hidden_state(hidden: np.ndarray, text: str) -> None:
    with pytest.raises(TensorError, match=text):
        layer(query_weight=np.full((16, 12), 10, np.float32)).project(hidden)


def test_model_rules() -> None:
    assert AttentionModel("x", (layer(), layer(name="second")), causal=True).width == WIDTH
    with pytest.raises(ModelStructureError, match="no attention layers"):
        AttentionModel("x", (), causal=True)
    with pytest.raises(ModelStructureError, match="two layers have one name"):
        AttentionModel("x", (layer(), layer()), causal=True)
    narrow = layer(name="narrow", query_weight=small.random((16, 6)),
                   key_weight=small.random((8, 6)), value_weight=small.random((10, 6)))
    with pytest.raises(ModelStructureError, match="narrow: the layers differ in width; found 6"):
        AttentionModel("x", (layer(), narrow), causal=True)


def test_the_smallest_layer_is_one() -> None:
    """One head of one element, one of a value, a window of the token itself."""
    one = np.ones((1, 1), np.float32)
    smallest = AttentionLayer("layer", 1, 1, 1, 1, one, one, one, window=1)
    assert (smallest.width, smallest.group, smallest.logit_scale) == (1, 1, 1.0)
    q, k, v = smallest.project(np.full((1, 1), 3.0))
    assert q == k == v == [[[3.0]]]


@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 4), (4, 2), (4, 1), (6, 3)])
def test_heads_are_cut_in_order_and_cover_every_row(heads: int, kv_heads: int) -> None:
    """Row r of a weight is element r % size of head r // size; no row is left out or used twice."""
    def numbered(rows: int) -> Any:
        return np.arange(rows, dtype=np.float32)[:, None]

    made = AttentionLayer("layer", heads, kv_heads, SIZE, VALUE_SIZE, numbered(heads * SIZE),
                          numbered(kv_heads * SIZE), numbered(kv_heads * VALUE_SIZE))
    for found, count, size in zip(made.project(np.ones((1, 1))), (heads, kv_heads, kv_heads),
                                  (SIZE, SIZE, VALUE_SIZE), strict=True):
        np.testing.assert_array_equal(found[:, 0], np.arange(count * size).reshape(count, size))
    assert made.group * kv_heads == heads
