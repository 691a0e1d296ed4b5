"""An attached model saved as a bundle, and bundles attached to models, right and wrong ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.bundle import Bundle, load_bundle
from neuromorph.errors import BundleError, OutputExistsError, TensorError, UsageError
from neuromorph.huggingface import hook
from neuromorph.huggingface.matching import match_layers
from neuromorph.models import open_model

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import FAMILIES, SLOTS, closeness, run, same, shaken, text  # noqa: E402

LLAMA = FAMILIES["llama"]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A bundle of the tiny Llama."""
    with neuromorph.attach(LLAMA.build(), LLAMA.inputs(), options=SLOTS) as spiking:
        return spiking.save(tmp_path / "bundle")


@pytest.mark.parametrize("name", ["bart", "bert", "llama, padded left", "qwen2", "vit"])
def test_a_bundle_does_what_the_attachment_did(name: str, tmp_path: Path) -> None:
    family, path = FAMILIES[name], tmp_path / "bundle"
    inputs = family.inputs()
    with neuromorph.attach(model := family.build(), inputs, options=SLOTS) as spiking:
        expected = run(model, inputs)
        assert spiking.save(path) == path
    again = family.build()
    with neuromorph.attach(again, path) as loaded:
        assert same(run(again, inputs), expected)
        assert loaded.tally == spiking.tally
        assert loaded.median_steps() == spiking.median_steps()
    with neuromorph.attach(again, load_bundle(path), backend="fast"):
        assert same(run(again, inputs), expected)


def test_what_is_in_the_bundle(saved: Path) -> None:
    bundle = load_bundle(saved)
    assert (bundle.family, bundle.causal) == ("llama", True)
    assert bundle.options["slots"] == 32
    assert bundle.provenance["calibration"] == "3 sequences, given to attach"
    assert list(bundle.codes) == ["layers.0.self_attn", "layers.1.self_attn"]


def test_samples_are_shortened(tmp_path: Path) -> None:
    model = LLAMA.build()
    ids = text("no")["input_ids"].reshape(1, -1)
    with neuromorph.attach(model, {"input_ids": ids}) as spiking:
        assert {s.keys.shape[1] for s in spiking.samples.values()} == {72}
        bundle = load_bundle(spiking.save(tmp_path / "bundle"))
    for sample in bundle.samples.values():
        assert (sample.queries.shape, sample.keys.shape) == ((4, 64, 16), (2, 72, 16))
        assert sample.mask.shape == (64, 72)
        assert sample.mask[-1].all()  # the last query is one of those that stay


def test_a_bundle_saved_from_a_bundle_is_the_same(saved: Path, tmp_path: Path) -> None:
    with neuromorph.attach(LLAMA.build(), saved) as spiking:
        copy = spiking.save(tmp_path / "copy")
    assert {p.name: p.read_bytes() for p in copy.iterdir()} == {
        p.name: p.read_bytes() for p in saved.iterdir()}


def test_nothing_is_replaced_unasked(saved: Path) -> None:
    with neuromorph.attach(LLAMA.build(), saved) as spiking:
        with pytest.raises(OutputExistsError):
            spiking.save(saved)
        assert spiking.save(saved, force=True) == saved


@pytest.mark.parametrize(("name", "headed"), [
    ("bert", "BertForMaskedLM"), ("gpt2", "GPT2LMHeadModel"), ("llama", "LlamaForCausalLM")])
def test_layers_read_from_a_file_are_those_of_the_live_model(
    name: str, headed: str, tmp_path: Path
) -> None:
    """What `export` names without torch, `attach` finds: a head on top on neither, or either."""
    alone = FAMILIES[name].build()
    whole = getattr(transformers, headed)(alone.config).eval()
    for saved in (alone, whole):
        saved.save_pretrained(tmp_path)
        layers = [layer.name for layer in open_model(tmp_path).layers]
        for live in (alone, whole):
            modules = match_layers(live, layers, "bundle")
            kinds = {type(live.get_submodule(module)).__name__ for module in modules.values()}
            assert len(modules) == 2
            assert len(kinds) == 1
            assert "Attention" in kinds.pop()


def test_a_bundle_made_without_torch(tmp_path: Path) -> None:
    from neuromorph.api.export import export

    model, inputs = FAMILIES["bert"].build(), text("no")
    model.save_pretrained(tmp_path / "model")
    with torch.no_grad():
        states = model(**inputs, output_hidden_states=True).hidden_states
    np.savez(tmp_path / "hidden.npz", **{f"hidden.{i}": states[i].numpy() for i in (0, 1)})
    export(tmp_path / "model", tmp_path / "bundle", calibrate=tmp_path / "hidden.npz")
    own = run(model, inputs)
    with neuromorph.attach(model, tmp_path / "bundle"):
        assert closeness(run(model, inputs), own) > 0.998


@pytest.mark.parametrize("headed", ["the model", "the bundle"])
def test_a_head_on_top_is_no_other_model(headed: str, tmp_path: Path) -> None:
    """Layers of a model with a head have a prefix that those of the model alone have not."""
    family, path = FAMILIES["bert"], tmp_path / "bundle"
    whole = shaken(transformers.BertForMaskedLM(family.build().config))
    first, second = (whole.bert, whole) if headed == "the model" else (whole, whole.bert)
    inputs = family.inputs()
    with neuromorph.attach(first, inputs, options=SLOTS) as spiking:
        expected = run(whole.bert, inputs)
        spiking.save(path)
    with neuromorph.attach(second, path) as loaded:
        assert same(run(whole.bert, inputs), expected)
        assert loaded.tally.queries > 0
        assert not set(loaded.codes) & set(spiking.codes)


def test_a_bundle_of_another_model_is_refused_before_anything_runs(saved: Path) -> None:
    model = FAMILIES["bert"].build()
    model.forward = None
    with pytest.raises(BundleError, match=r"bundle: the bundle was exported for another model; "
                       r"found layer layers\.0\.self_attn; .*BertModel.*Choose one of: "
                       r"encoder\.layer\.\d\.attention\.self"):
        neuromorph.attach(model, saved)
    assert not hook.connections(model)
    assert model.config._attn_implementation == "sdpa"


def test_the_nearest_layer_is_named(saved: Path) -> None:
    bundle = load_bundle(saved)
    codes = {name.replace("self_attn", "self_atn"): code for name, code in bundle.codes.items()}
    with pytest.raises(BundleError, match=r"Did you mean 'layers\.0\.self_attn'"):
        neuromorph.attach(LLAMA.build(), replace(bundle, codes=codes))


@pytest.mark.parametrize(("layers", "says"), [
    (1, r"found layer layers\.1\.self_attn.*Did you mean 'layers\.0\.self_attn'"),
    (3, r"lacks a layer of the model; found 2 layers; expected also layers\.2\.self_attn"),
])
def test_more_or_fewer_layers_are_refused(saved: Path, layers: int, says: str) -> None:
    with pytest.raises(BundleError, match=says):
        neuromorph.attach(LLAMA.build(num_hidden_layers=layers), saved)


@pytest.mark.parametrize("sizes", [{"num_attention_heads": 8}, {"num_key_value_heads": 4},
                                   {"head_dim": 8}])
def test_other_heads_are_refused(saved: Path, sizes: dict[str, Any]) -> None:
    model = LLAMA.build(**sizes)
    with neuromorph.attach(model, saved), \
            pytest.raises(TensorError, match=r"layers\.0\.self_attn: .*do not fit the exported"):
        run(model, LLAMA.inputs())


@pytest.mark.parametrize("more", [{"options": SLOTS}, {"tokenizer": print}])
def test_a_bundle_is_calibrated_already(saved: Path, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a bundle is calibrated"):
        neuromorph.attach(LLAMA.build(), saved, **more)


def test_a_bundle_may_stay_in_memory() -> None:
    model, inputs = LLAMA.build(), LLAMA.inputs()
    own = run(model, inputs)
    with neuromorph.attach(model, inputs, options=SLOTS) as spiking:
        bundle = Bundle("llama", True, spiking.codes, spiking.samples, spiking.options)
    with neuromorph.attach(model, bundle):
        assert closeness(run(model, inputs), own) > 0.999


def test_simulate_takes_what_attach_saved(saved: Path) -> None:
    from neuromorph.api.simulate import simulate

    report = simulate(saved)
    assert len(report.fidelity) == 8
    assert min(head.cosine for head in report.fidelity) > 0.99
