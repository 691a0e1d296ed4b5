"""Whole models with names of a person's own: the map's model, or a refusal that names what is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_models as small
import small_own as own

from neuromorph.api.evaluate import evaluate
from neuromorph.api.evaluation.windows import Bounds
from neuromorph.api.own_whole import own_source
from neuromorph.api.whole import export_whole
from neuromorph.bundle.whole import load_whole
from neuromorph.errors import NeuromorphError
from neuromorph.models import Naming, open_model
from neuromorph.progress import silent

IDS = np.random.default_rng(1).integers(0, own.VOCABULARY, (6, 24))


def data(path: Path, **more: Any) -> Path:
    np.savez(path / "t.npz", **{"tokens": IDS} | more)
    return path / "t.npz"


def answers(model: Any) -> np.ndarray:
    return np.stack([model.run(ids)[1] for ids in IDS]).astype(np.float32)


@pytest.mark.parametrize("behind", [False, True])
def test_a_map_gives_the_model_that_was_saved(behind: bool, tmp_path: Path) -> None:
    model = own.floats(behind=behind)
    file = small.write(tmp_path / "m.safetensors", own.tensors(model))
    said = own.naming(norms="behind", embedding_norm="ln0.weight", final_norm=None) if behind else (
        own.naming())
    source = own_source(file, data(tmp_path, outputs=answers(model)), said, silent)
    np.testing.assert_allclose(source.floats.run(IDS[0])[1], model.run(IDS[0])[1], rtol=1e-4,
                               atol=1e-4)
    assert "answers what outputs say, but for " in source.notes[0]
    assert (source.floats.causal, source.floats.positions, source.text) == (True, 48, None)


def test_turned_tied_gated_and_scaled(tmp_path: Path) -> None:
    """The head is the embedding; weights are (in, out); an MLP with two layers in front."""
    model = own.floats()
    head = replace(model.head, dense=model.head.dense._replace(weight=model.embedding.table))
    up = own.a_float_block(9, biased=True).up
    model = replace(model, head=head, blocks=[replace(block, up=up) for block in model.blocks])
    tensors = own.tensors(model)
    del tensors["out.weight"]
    tensors["emb.weight"] /= 3
    turned = {name: np.ascontiguousarray(array.T) if name.startswith("h.") else array
              for name, array in tensors.items()}
    for n in range(own.BLOCKS):
        turned |= {f"h.{n}.mlp.up.weight": np.ascontiguousarray(up.weight.T, "f"),
                   f"h.{n}.mlp.up.bias": up.bias.astype("f")}
    said = replace(own.naming(head="emb.weight", up="h.{layer}.mlp.up.weight", embedding_scale=3.0,
                              context=30), transposed=True)
    source = own_source(small.write(tmp_path / "m.safetensors", turned), data(tmp_path), said,
                        silent)
    scaled = replace(model, head=replace(head, dense=head.dense._replace(
        weight=head.dense.weight / 3)))
    np.testing.assert_allclose(source.floats.run(IDS[1])[1], scaled.run(IDS[1])[1], rtol=1e-4,
                               atol=1e-4)
    assert source.floats.positions == 30
    assert "nothing was held against" in source.notes[0]


def test_it_becomes_a_bundle_of_integers(tmp_path: Path) -> None:
    file = small.write(tmp_path / "m.safetensors", own.tensors(own.floats()))
    report = export_whole(file, tmp_path / "w", calibrate=data(tmp_path), naming=own.naming())
    assert [layer.name for layer in report.layers] == ["h.0.attn", "h.1.attn"]
    assert min(layer.cosine for layer in report.layers) > .99
    loaded = load_whole(tmp_path / "w")
    assert (loaded.family, loaded.text, loaded.model.causal) == ("own", None, True)
    assert loaded.provenance["calibration"] == "6 sequences, t.npz"


def test_its_bundle_is_evaluated_on_tokens_against_the_model_again(tmp_path: Path) -> None:
    file = small.write(tmp_path / "m.safetensors", own.tensors(own.floats()))
    report = export_whole(file, tmp_path / "w", calibrate=data(tmp_path), naming=own.naming())
    assert report.bundle.provenance["map"]["gate"] == own.naming().whole["gate"]
    found = evaluate(tmp_path / "w", tmp_path / "t.npz", bounds=Bounds(length=9)).as_dict()
    assert (found["documents"], found["windows"], found["tokens"]) == (6, 6 * 3, IDS.size)
    assert found["perplexity_ratio"] == pytest.approx(1, abs=.05)
    assert min(found["cosine_by_layer"]) > .99
    for arrays, text in (({"outputs": IDS}, "found outputs"), ({"tokens": -IDS}, "no row for")):
        np.savez(tmp_path / "bad.npz", **{"tokens": IDS} | arrays)
        with pytest.raises(NeuromorphError, match=text):
            evaluate(tmp_path / "w", tmp_path / "bad.npz")
    other = own.tensors(own.floats())
    moved = small.write(tmp_path / "other.safetensors", other | {"pos": 2 * other["pos"]})
    with pytest.raises(NeuromorphError, match="not the model that the bundle was made from"):
        evaluate(tmp_path / "w", tmp_path / "t.npz", against=moved)


def test_a_folder_whose_configuration_is_the_map(tmp_path: Path) -> None:
    said = own.naming()
    folder = small.folder(tmp_path / "m", own.tensors(own.floats()), {
        "model_type": "own", **said.tensors, **said.whole, "heads": 2, "kv_heads": 1,
        "causal": True, "rope_theta": 1e4})
    assert own_source(folder, data(tmp_path), None, silent).floats.positions == own.CONTEXT
    assert len(open_model(folder).layers) == own.BLOCKS  # the attention alone, of the same map


Change = Callable[[dict[str, np.ndarray]], object]
ONES = np.ones((2, 2), np.float32)
BAD: dict[str, tuple[dict[str, Any], Change, str]] = {
    "roles": ({"gate": None, "norm": None, "positions": None, "head": None}, len,
              "does not say what a whole model needs; expected gate, head, norm, context"),
    "a typo": ({"mlp_norm": "h.{layer}.ln3.weight"}, len,
               "as the map says of mlp_norm; found h.0.ln3.weight. Did you mean"),
    "no {layer}": ({"gate": "h.0.mlp.fc1.weight"}, len, "the name of gate lacks {layer}"),
    "a {layer}": ({"head": "h.{layer}.out"}, len, "the name of head has {layer}"),
    "ReLU": ({"activation": "relu"}, len, "activation has no circuit here; found relu"),
    "kind of norm": ({"norm": "batch"}, len, "norm is not usable; found batch; expected layer, rm"),
    "order of norms": ({"norms": "between"}, len, "norms is not usable; found between"),
    "epsilon": ({"epsilon": -1.0}, len, "epsilon is not usable; found -1.0"),
    "a norm too many": ({"norms": "behind", "embedding_norm": "ln.weight"}, len,
                        "a norm behind the last block's own has no circuit"),
    "embedding's norm": ({"embedding_norm": "ln.weight"}, len, "a norm of the embedding before"),
    "biases of RMS": ({"norm": "rms"}, len, "no role; found 'h.0.ln1.bias'"),
    "left over": ({}, lambda t: t.update({"cross.weight": ONES}), "no role; found 'cross.weight'"),
    "gate": ({}, lambda t: t.update({"h.1.mlp.fc1.weight": ONES}),
             r"gate weight has the wrong shape; found \[2, 2\]; expected \[rows, 12\]"),
    "down": ({}, lambda t: t.update({"h.1.mlp.fc2.weight": ONES}), r"expected \[12, 20\]"),
    "norm": ({}, lambda t: t.update({"ln.weight": ONES}), r"found \[2, 2\]; expected \[12\]"),
    "embedding": ({}, lambda t: t.update({"emb.weight": ONES}), r"expected \[rows, 12\]"),
    "NaN": ({}, lambda t: t["out.weight"].fill(np.nan), "not finite"),
    "codes": ({}, lambda t: t.update({"out.weight": np.ones((40, 12), np.int8)}), "I8"),
    "values": ({}, lambda t: t.update({"h.0.attn.v.weight": np.ones((5, 12), "f"),
                                       "h.0.attn.v.bias": np.ones(5, "f"),
                                       "h.0.attn.o.weight": np.ones((12, 10), "f")}),
               "values of another size than keys have no circuit"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_map_that_gives_no_whole_model(name: str, tmp_path: Path) -> None:
    changed, spoil, text = BAD[name]
    tensors = own.tensors(own.floats())
    spoil(tensors)
    file = small.write(tmp_path / "m.safetensors", tensors)
    with pytest.raises(NeuromorphError, match=text) as caught:
        export_whole(file, tmp_path / "w", calibrate=data(tmp_path), naming=own.naming(**changed))
    assert str(caught.value).isprintable()
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(("arrays", "text"), [
    ({"tokens": IDS * 1.0}, "wrong shape or kind; found .*float64; expected .sequences, tokens."),
    ({"tokens": IDS[:, :, None]}, "wrong shape or kind"),
    ({"tokens": IDS + 40}, "no row for; found 40 to 79; expected 0 to 39"),
    ({"tokens": IDS - 40}, "no row for"),
    ({"tokens": np.zeros((2, 49), int)}, "longer than the model takes; found 49; expected at most"),
    ({"token": IDS}, "no use here; found token. Did you mean 'tokens'"),
    ({"outputs": np.ones((6, 24, 39), "f")}, "outputs are not as many as the model gives"),
    ({"outputs": np.ones((5, 24, 40), "f")}, "outputs are not as many as the model gives"),
    ({"outputs": np.ones((6, 24, 40), "f")}, "does not answer what outputs say.*Look at norm"),
])
def test_tokens_that_do_not_fit(arrays: dict[str, Any], text: str, tmp_path: Path) -> None:
    file = small.write(tmp_path / "m.safetensors", own.tensors(own.floats()))
    given = arrays if "token" in arrays else {"tokens": IDS} | arrays
    np.savez(tmp_path / "t.npz", **given)
    with pytest.raises(NeuromorphError, match=text):
        own_source(file, tmp_path / "t.npz", own.naming(), silent)


@pytest.mark.parametrize("wrong", [{"activation": "silu"}, {"epsilon": 0.3}, {"norm": "rms"},
                                   {"embedding_scale": 2.0}])
def test_a_wrong_map_is_found_by_outputs(wrong: dict[str, Any], tmp_path: Path) -> None:
    model = own.floats()
    tensors = own.tensors(model)
    said = own.naming(**wrong)
    if "norm" in wrong:
        said = replace(said, ignore=("h.{layer}.ln1.bias", "h.{layer}.ln2.bias", "ln.bias"))
    file = small.write(tmp_path / "m.safetensors", tensors)
    with pytest.raises(NeuromorphError, match="does not answer what outputs say"):
        own_source(file, data(tmp_path, outputs=answers(model)), said, silent)


def test_what_is_not_read_so(tmp_path: Path) -> None:
    folder = small.folder(tmp_path / "m", small.llama_tensors(), small.llama_config())
    for model, said, text in ((folder, own.naming(), "names are known"),
                              (folder / "model.safetensors", None, "found llama. Of a model")):
        with pytest.raises(NeuromorphError, match=text):
            export_whole(model, tmp_path / "w", calibrate=data(tmp_path), naming=said)
    with pytest.raises(NeuromorphError, match="calibrated on tokens"):
        export_whole(small.write(tmp_path / "x.safetensors", {"a": ONES}), tmp_path / "w")
    (tmp_path / "t.txt").write_text("hello")
    file = small.write(tmp_path / "y.safetensors", own.tensors(own.floats()))
    with pytest.raises(NeuromorphError, match=r"no tokenizer beside.*expected tokenizer\.json"):
        export_whole(file, tmp_path / "w", calibrate=tmp_path / "t.txt", naming=own.naming())
    with pytest.raises(NeuromorphError, match="expected o, the output projection"):
        export_whole(file, tmp_path / "w", calibrate=data(tmp_path), naming=replace(
            own.naming(), tensors={role: own.ATTENTION[role] for role in "qkv"},
            ignore=("h.{layer}.attn.o.weight", "h.{layer}.attn.o.bias")))
    assert Naming(whole={"gate": "h.{layer}.a"}).joined(Naming(heads=2)).whole
