"""One tensor of queries, keys and values: its order is said, or found, and never assumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_models as small

from neuromorph.api.attended import checked_naming, mixed
from neuromorph.api.collect import hidden_samples
from neuromorph.errors import ModelStructureError, UsageError
from neuromorph.models import AttentionModel, Naming, open_model
from neuromorph.models.own.fused import rows_of

WIDTH, SIZE = 12, 3
QKV = {"qkv": "h.{layer}.qkv.weight"}


def parts(heads: int, kv_heads: int) -> dict[str, np.ndarray]:
    return {role: small.random((count, SIZE, WIDTH), n) for n, (role, count) in enumerate(
        (("query", heads), ("key", kv_heads), ("value", kv_heads)))}


def fused(apart: dict[str, np.ndarray], order: str) -> np.ndarray:
    """Written down anew, by concatenation alone."""
    if order == "blocks":
        return np.concatenate([part.reshape(-1, WIDTH) for part in apart.values()])
    kv_heads = len(apart["key"])
    groups = np.split(apart["query"], kv_heads)
    return np.concatenate([np.concatenate([groups[n].reshape(-1, WIDTH), apart["key"][n],
                                           apart["value"][n]]) for n in range(kv_heads)])


def written(path: Path, weight: np.ndarray, bias: np.ndarray | None = None) -> Path:
    tensors = {"h.0.qkv.weight": weight} | ({} if bias is None else {"h.0.qkv.bias": bias})
    return small.write(path / "own.safetensors", tensors)


def said(heads: int = 4, kv_heads: int = 4, **more: Any) -> Naming:
    return Naming(QKV, heads=heads, kv_heads=kv_heads, causal=True, **more)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("order", ["blocks", "heads"])
def test_what_is_said_is_read(order: str, kv_heads: int, transposed: bool, tmp_path: Path) -> None:
    apart = parts(4, kv_heads)
    weight = fused(apart, order)
    bias = weight[:, 0].copy()
    file = written(tmp_path, np.ascontiguousarray(weight.T) if transposed else weight, bias)
    layer, = open_model(file, said(kv_heads=kv_heads, fused_order=order,
                                   transposed=transposed or None)).layers
    for role, part in apart.items():
        np.testing.assert_array_equal(getattr(layer, f"{role}_weight"), part.reshape(-1, WIDTH))
        np.testing.assert_array_equal(getattr(layer, f"{role}_bias"), part.reshape(-1, WIDTH)[:, 0])


def test_what_is_said_and_not_checked_is_noted(tmp_path: Path) -> None:
    notes = open_model(written(tmp_path, fused(parts(4, 4), "heads")),
                       said(fused_order="heads")).notes
    assert any("read as heads, as was said" in note for note in notes)


def test_what_nobody_says_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, fused(parts(4, 4), "heads"))
    with pytest.raises(UsageError, match=r'in which order.*"blocks" \(all queries, all keys, all '
                       r'values\) or "heads".*Say --fused-order'):
        open_model(file, said())


def test_of_a_single_key_both_orders_are_one(tmp_path: Path) -> None:
    file = written(tmp_path, fused(parts(4, 1), "heads"))
    one, two, three = (open_model(file, said(kv_heads=1, **order)).layers[0].value_weight
                       for order in ({}, {"fused_order": "blocks"}, {"fused_order": "heads"}))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, three)


def test_torchs_own_tensor_is_in_blocks(tmp_path: Path) -> None:
    name = "layers.0.self_attn.in_proj_weight"
    file = small.write(tmp_path / "m.safetensors", {name: small.random((36, WIDTH), 1)})
    for order in (None, "blocks"):
        assert open_model(file, Naming(heads=4, causal=True, fused_order=order)).layers
    for tensors in ({}, {"qkv": name}):
        with pytest.raises(UsageError, match=r"documents in_proj_weight as blocks.*Leave --fused"):
            open_model(file, Naming(tensors, heads=4, causal=True, fused_order="heads"))


def test_every_row_has_one_role() -> None:
    for order in ("blocks", "heads"):
        rows = rows_of(order, 6, 3, 2)
        assert sorted(np.concatenate(list(rows.values()))) == list(range(24))
    assert rows["key"].tolist() == [4, 5, 12, 13, 20, 21]


def recorded(model: AttentionModel) -> tuple[dict[str, Any], dict[str, Any]]:
    hidden = small.random((3, 7, WIDTH), 8)
    attended = [mixed(one) for one in hidden_samples(model.layers[0], hidden, model.causal)]
    return {"hidden.0": hidden}, {"attended.0": np.stack(attended)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small.folder(tmp_path / "m", {"h.0.qkv.weight": 3 * fused(parts(4, 2), "heads")},
                        {"model_type": "own", **QKV})


@pytest.mark.parametrize("order", ["blocks", "heads"])
def test_an_order_is_found_by_what_attention_gave(order: str, folder: Path) -> None:
    given = said(kv_heads=2)
    hidden, attended = recorded(open_model(folder, said(kv_heads=2, fused_order=order)))
    found, notes = checked_naming(folder, given, hidden, attended, "m.py")
    assert found.fused_order == order
    assert f"with fused_order = {order}, which was found so" in notes[0]


def test_a_wrong_guess_is_refused_with_what_would_fit(folder: Path) -> None:
    hidden, attended = recorded(open_model(folder, said(kv_heads=2, fused_order="heads")))
    for wrong in ({"fused_order": "blocks"}, {"causal": False}, {"causal": False, "fused_order":
                                                                 "heads"}):
        given = Naming(**{"tensors": QKV, "heads": 4, "kv_heads": 2, "causal": True} | wrong)
        with pytest.raises(ModelStructureError,
                           match=r"do not give what.*--causal --fused-order heads would fit"):
            checked_naming(folder, given, hidden, attended, "m.py")
    with pytest.raises(ModelStructureError, match="may do what no map says"):
        checked_naming(folder, said(kv_heads=2), hidden, {"attended.0": attended["attended.0"] + 1},
                       "m.py")


def test_what_was_not_seen_is_not_held_against_anything(folder: Path) -> None:
    given = said(kv_heads=2)
    found, notes = checked_naming(folder, given, {"hidden.0": np.ones((1, 3, WIDTH))}, {}, "m.py")
    assert (found, len(notes)) == (given, 1)
    assert "was not seen" in notes[0]
