"""Models with names of a person's own: what a map says is what is read, or it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_models as small

from neuromorph.errors import NeuromorphError, UsageError
from neuromorph.models import Naming, Rotary, open_model, read_naming

WIDTH, HEADS, SIZE, LAYERS = 12, 4, 4, 2
ROWS = HEADS * SIZE
MAP = {role: f"blocks.{{layer}}.attn.w{role}.weight" for role in "qkvo"}


def own_tensors(kv_heads: int = HEADS) -> small.Tensors:
    tensors: small.Tensors = {"emb.weight": small.random((20, WIDTH), 90)}
    for layer in range(LAYERS):
        at = f"blocks.{layer}.attn"
        for seed, (role, heads) in enumerate(zip("qkv", (HEADS, kv_heads, kv_heads), strict=True)):
            tensors[f"{at}.w{role}.weight"] = small.random((heads * SIZE, WIDTH), 9 * layer + seed)
        tensors[f"{at}.wo.weight"] = small.random((WIDTH, ROWS), 9 * layer + 5)
        tensors[f"blocks.{layer}.mlp.weight"] = small.random((WIDTH, WIDTH), 70 + layer)
    return tensors


def torch_tensors(prefix: str = "") -> small.Tensors:
    """As `torch.nn.TransformerEncoder` calls them."""
    tensors: small.Tensors = {}
    for layer in range(LAYERS):
        at = f"{prefix}layers.{layer}.self_attn"
        tensors[f"{at}.in_proj_weight"] = small.random((3 * WIDTH, WIDTH), layer)
        tensors[f"{at}.in_proj_bias"] = small.random((3 * WIDTH,), layer + 10)
        tensors[f"{at}.out_proj.weight"] = small.random((WIDTH, WIDTH), layer + 20)
        tensors[f"{at}.out_proj.bias"] = small.random((WIDTH,), layer + 30)
        tensors[f"{prefix}layers.{layer}.linear1.weight"] = small.random((20, WIDTH), layer + 40)
    return tensors


def own(path: Path, tensors: small.Tensors | None = None) -> Path:
    return small.write(path / "own.safetensors", own_tensors() if tensors is None else tensors)


def test_a_map(tmp_path: Path) -> None:
    tensors = own_tensors(kv_heads=2)
    tensors["blocks.1.attn.wk.bias"] = small.random((2 * SIZE,), 50)
    model = open_model(own(tmp_path, tensors), Naming(MAP, heads=HEADS, kv_heads=2, causal=True))
    assert (model.family, model.causal, len(model.layers)) == ("own", True, LAYERS)
    for number, layer in enumerate(model.layers):
        assert layer.name == f"blocks.{number}.attn"
        assert (layer.heads, layer.kv_heads, layer.head_size, layer.width) == (4, 2, 4, 12)
        np.testing.assert_array_equal(layer.key_weight, tensors[f"{layer.name}.wk.weight"])
        assert layer.query_bias is None
    np.testing.assert_array_equal(model.layers[1].key_bias, tensors["blocks.1.attn.wk.bias"])
    assert "only key have a bias" in model.notes[0]
    assert "without rotary positions" in model.notes[-1]
    assert "blocks.0.attn.wo.weight" in model.provenance["tensors"]


def test_values_may_have_a_size_of_their_own(tmp_path: Path) -> None:
    tensors = own_tensors()
    for layer in range(LAYERS):
        tensors[f"blocks.{layer}.attn.wv.weight"] = small.random((HEADS * 5, WIDTH), layer)
        tensors[f"blocks.{layer}.attn.wo.weight"] = small.random((WIDTH, HEADS * 5), layer)
    model = open_model(own(tmp_path, tensors), Naming(MAP, heads=HEADS, causal=False))
    assert {layer.value_size for layer in model.layers} == {5}


def test_transposed_weights_are_the_same_model(tmp_path: Path) -> None:
    turned = {name: np.ascontiguousarray(array.T) for name, array in own_tensors().items()}
    said = Naming(MAP, heads=HEADS, causal=True, rope_theta=1e4, scale=0.5)
    plain = open_model(own(tmp_path), said).layers[1]
    other = open_model(own(tmp_path, turned), said.joined(Naming(transposed=True))).layers[1]
    x = small.random((5, WIDTH), 3)
    for one, two in zip(plain.project(x), other.project(x), strict=True):
        np.testing.assert_array_equal(one, two)
    assert plain.rotary == Rotary(1e4)
    assert plain.logit_scale == 0.5


@pytest.mark.parametrize("prefix", ["", "encoder.", "model.trunk."])
def test_torchs_own_order_needs_no_map(prefix: str, tmp_path: Path) -> None:
    tensors = torch_tensors(prefix)
    model = open_model(own(tmp_path, tensors), Naming(heads=HEADS, causal=False))
    for number, layer in enumerate(model.layers):
        at = f"{prefix}layers.{number}.self_attn"
        assert layer.name == at
        for part, role in enumerate(("query", "key", "value")):
            rows = slice(part * WIDTH, (part + 1) * WIDTH)
            np.testing.assert_array_equal(getattr(layer, f"{role}_weight"),
                                          tensors[f"{at}.in_proj_weight"][rows])
            np.testing.assert_array_equal(getattr(layer, f"{role}_bias"),
                                          tensors[f"{at}.in_proj_bias"][rows])


def test_a_fused_weight_of_groups(tmp_path: Path) -> None:
    """Four queries, two keys, two values."""
    fused = small.random((8 * SIZE, WIDTH), 1)
    said = Naming({"qkv": "attn.qkv.weight"}, heads=4, kv_heads=2, causal=True,
                  fused_order="blocks")
    layer, = open_model(own(tmp_path, {"attn.qkv.weight": fused}), said).layers
    assert [layer.query_weight.shape, layer.key_weight.shape] == [(16, 12), (8, 12)]
    np.testing.assert_array_equal(layer.value_weight, fused[24:])
    assert layer.name == "attn"


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_map_in_a_file(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"map.{suffix}"
    lines = [f"{name} = {json.dumps(value)}" for name, value in MAP.items()]
    path.write_text(json.dumps({**MAP, "heads": 4, "causal": True}) if suffix == "json" else
                    "\n".join([*lines, "heads = 4", "causal = true"]))
    naming = read_naming(path)
    assert (naming.tensors, naming.heads, naming.causal) == (MAP, 4, True)
    assert open_model(own(tmp_path), naming).causal


def test_a_folder_whose_configuration_is_a_map(tmp_path: Path) -> None:
    folder = small.folder(tmp_path / "m", own_tensors(), {
        "model_type": "own", **MAP, "heads": 4, "causal": False})
    assert not open_model(folder).causal
    with pytest.raises(UsageError, match=r"heads is said twice, and differently.*found 4 and 2"):
        open_model(folder, Naming(heads=2))


def with_tensors(**more: Any) -> Callable[[small.Tensors], object]:
    return lambda tensors: tensors.update({name.replace("__", "."): a for name, a in more.items()})


SAID: dict[str, Any] = {"tensors": MAP, "heads": HEADS, "causal": True}
ONES = np.ones((2, 2), np.float32)
BAD: dict[str, tuple[dict[str, Any], Callable[[small.Tensors], object], str]] = {
    "no heads": ({"heads": None}, len, "how many heads it has; expected --heads N"),
    "no causal": ({"causal": None}, len, "who sees whom; expected --causal or --not-causal"),
    "no roles": ({"tensors": {}}, len,
                 (r"roles q, k, v.*perhaps: q = \"blocks.{layer}.attn.wq.weight\"; k = .*the file "
                  r"holds emb.weight \[20, 12\], blocks.{layer}.attn.wq.weight \[16, 12\] × 2")),
    "no v": ({"tensors": {"q": MAP["q"], "k": MAP["k"]}}, len, "named for the role v"),
    "a typo": ({"tensors": {**MAP, "k": "blocks.{layer}.attn.wkk.weight"}}, len,
               "as the map says of k.*Did you mean 'blocks.{layer}.attn.wk.weight'"),
    "a bias": ({"tensors": {**MAP, "k_bias": "blocks.{layer}.attn.b"}}, len, "says of k_bias"),
    "one layer": ({"tensors": {**MAP, "k": "blocks.0.attn.wk.weight"}}, len,
                  "some names of the map have {layer}, others have not"),
    "twice": ({"tensors": {**MAP, "k": MAP["q"]}}, len, "one tensor has two roles"),
    "missing layer": ({}, lambda t: t.pop("blocks.1.attn.wv.weight"), "layer 1 has no v"),
    "norm of queries": ({}, with_tensors(blocks__0__attn__q_norm__weight=ONES),
                        "has no role; found 'blocks.0.attn.q_norm.weight'"),
    "relative": ({}, with_tensors(relative_bias__weight=ONES), "positions that this family"),
    "codes": ({}, with_tensors(blocks__0__attn__wq__weight=np.ones((16, 12), np.int8)), "I8"),
    "a scale": ({}, with_tensors(blocks__0__attn__wq__weight_scale=ONES), "a scale is in the file"),
    "rank 3": ({}, with_tensors(blocks__0__attn__wq__weight=np.ones((4, 4, 12), np.float32)),
               r"not a matrix; found \[4, 4, 12\]"),
    "heads": ({"heads": 5}, len, "do not divide the rows.*found 16 rows, 5 heads"),
    "kv heads": ({"kv_heads": 2}, len, "differ in head size.*found 16 rows; expected 2 heads of 4"),
    "kv heads do not divide": ({"kv_heads": 3}, len, "key-value heads do not divide the heads"),
    "output": ({}, with_tensors(blocks__0__attn__wo__weight=np.ones((16, 12), np.float32)),
               "does not take what the heads give; found 12; expected 16. This looks transposed"),
    "two widths": ({}, with_tensors(blocks__0__attn__wk__weight=np.ones((16, 9), np.float32)),
                   "another width than the query weight; found 9; expected 12"),
    "bias": ({}, with_tensors(blocks__0__attn__wk__bias=np.ones(9, np.float32)),
             r"bias has the wrong shape; found \[9\]; expected \[16\]"),
    "NaN": ({}, with_tensors(blocks__0__attn__wk__weight=np.full((16, 12), np.nan, "f")),
            "not finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_map_that_does_not_fit(name: str, tmp_path: Path) -> None:
    said, spoil, text = BAD[name]
    tensors = own_tensors()
    spoil(tensors)
    with pytest.raises(NeuromorphError, match=text) as caught:
        open_model(own(tmp_path, tensors), Naming(**(SAID | said)))
    assert str(caught.value).isprintable()


def test_what_beside_the_projections_is_known_to_be_harmless(tmp_path: Path) -> None:
    tensors = own_tensors() | {"blocks.0.attn.mask": ONES, "blocks.1.attn.mask": ONES}
    said = Naming(MAP, heads=4, causal=True, ignore=("blocks.{layer}.attn.mask",))
    assert open_model(own(tmp_path, tensors), said).layers


def test_projections_beside_a_whole_block(tmp_path: Path) -> None:
    """Without a module of their own, only names that change attention are refused."""
    tensors = {name.replace(".attn", ""): array for name, array in own_tensors().items()}
    roles = {role: template.replace(".attn", "") for role, template in MAP.items()}
    assert open_model(own(tmp_path, tensors), Naming(roles, heads=4, causal=True)).layers
    tensors["blocks.0.k_norm.weight"] = ONES
    with pytest.raises(NeuromorphError, match=r"no role; found 'blocks\.0\.k_norm\.weight'"):
        open_model(own(tmp_path, tensors), Naming(roles, heads=4, causal=True))


@pytest.mark.parametrize(("spoil", "text"), [
    (lambda t: t.update(torch_tensors("decoder.")), "several attentions of torch's; found decoder"),
    (lambda t: t.update({"layers.0.self_attn.bias_k": ONES}), "add_bias_kv"),
    (lambda t: t.update({"layers.0.self_attn.x": ONES}), "no role; found 'layers.0.self_attn.x'"),
    (lambda t: t.update({"layers.0.self_attn.in_proj_weight": np.ones((12, 36), np.float32)}),
     "does not hold whole queries.*give --transposed"),
])
def test_torchs_order_that_does_not_fit(spoil: Any, text: str, tmp_path: Path) -> None:
    tensors = torch_tensors()
    spoil(tensors)
    with pytest.raises(NeuromorphError, match=text):
        open_model(own(tmp_path, tensors), Naming(heads=HEADS, causal=False))


def test_a_known_model_takes_no_map(tmp_path: Path) -> None:
    folder = small.folder(tmp_path / "m", small.llama_tensors(), small.llama_config())
    with pytest.raises(UsageError, match=r"found family llama\. Leave out --map"):
        open_model(folder, Naming(heads=4, causal=True))


def test_without_a_map_an_error_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(NeuromorphError, match=r"config.json cannot be read.*give --map FILE.toml"):
        open_model(own(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "mine"}))
    with pytest.raises(NeuromorphError, match=r"no attention heads found.*give --map FILE.toml"):
        open_model(own(tmp_path))


@pytest.mark.parametrize(("name", "raw", "text"), [
    ("m.toml", b"q = ", "is not valid TOML"),
    ("m.toml", b"q = 'a'\nq = 'b'\n", "is not valid TOML.*line 2"),
    ("m.toml", b"q = '\xff'", "is not valid TOML"),
    ("m.toml", b"[" * 100_000, "is not valid TOML"),
    ("m.toml", b"#" * ((1 << 20) + 1), "the file is too long"),
    ("m.toml", b"PK\3\4" + bytes(60), "found a zip archive"),
    ("m.toml", b"qq = 'a'", "no such field; found qq. Choose one of|Did you mean"),
    ("m.toml", b"q = 3", "q is not usable; found 3; expected a text"),
    ("m.toml", b"q = '{layer'", "not the name of a tensor"),
    ("m.toml", b"q = ''", "not the name of a tensor"),
    ("m.toml", b"q = 'a{x}'", "not the name of a tensor"),
    ("m.toml", b"q = 'a'\nqkv = 'b'", "fused and separate"),
    ("m.toml", b"q_bias = 'a'", "a bias without its weight; found q_bias; expected q"),
    ("m.toml", b"qkv = 'a'\nfused_order = 'rows'", "found 'rows'; expected blocks or heads"),
    ("m.toml", b"q = 'a'\nfused_order = 'heads'", "an order of fused rows, and no fused tensor"),
    ("m.toml", b"fused_order = 3", "fused_order is not usable; found 3"),
    ("m.toml", b"heads = true", "heads is not usable; found True"),
    ("m.toml", b"heads = -1", "heads is not usable; found -1"),
    ("m.toml", b"causal = 1", "causal is not usable; found 1"),
    ("m.toml", b"rope_theta = nan", "rope_theta is not usable; found nan|a number from"),
    ("m.toml", b"ignore = 'a'", "ignore is not usable"),
    ("m.toml", b"model_type = 'bert'", "the configuration of a model, and no map"),
    ("m.json", b"[]", "the map is not a JSON object"),
    ("m.json", b'{"q": null}', "q is null"),
    ("m.json", b'{"q": "a", "q": "b"}', "the key 'q' twice"),
    ("m.txt", b"", "TOML or JSON file"),
    ("none.toml", None, "no such file"),
])
def test_bad_maps(name: str, raw: bytes | None, text: str, tmp_path: Path) -> None:
    if raw is not None:
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(NeuromorphError, match=text) as caught:
        read_naming(tmp_path / name)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("number", ["01", "100000", "9" * 30])
def test_a_layer_whose_number_is_written_oddly_is_not_passed_over(
    number: str, tmp_path: Path
) -> None:
    tensors = own_tensors()
    for role in "qkvo":
        tensors[f"blocks.{number}.attn.w{role}.weight"] = tensors[f"blocks.0.attn.w{role}.weight"]
    with pytest.raises(NeuromorphError, match=rf"cannot be read; found 'blocks\.{number}\."):
        open_model(own(tmp_path, tensors), Naming(MAP, heads=HEADS, causal=True))


@pytest.mark.parametrize("role", "qkvo")
def test_no_tensor_is_both_used_and_ignored(role: str, tmp_path: Path) -> None:
    said = Naming(MAP, heads=HEADS, causal=True, ignore=(MAP[role],))
    with pytest.raises(NeuromorphError, match=f"a tensor is both {role} and ignored"):
        open_model(own(tmp_path), said)
