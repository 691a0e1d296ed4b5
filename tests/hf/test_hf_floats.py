"""Modules that stay float are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import neuromorph
from neuromorph import NeuromorphWarning
from neuromorph.errors import CalibrationError
from neuromorph.huggingface.connect import links
from neuromorph.huggingface.floats import float_cautions, float_modules

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import (  # noqa: E402
    FAMILIES,
    SLOTS,
    Family,
    closeness,
    images,
    run,
    same,
    text,
)

SIGLIP = Family("SiglipVisionModel", "SiglipVisionConfig", FAMILIES["vit"].sizes, images)
_SIZES = {**FAMILIES["llama"].sizes, "bos_token_id": 1, "eos_token_id": 2}
QWEN3_NEXT = Family("Qwen3NextModel", "Qwen3NextConfig", {
    **_SIZES, "num_hidden_layers": 4, "head_dim": 16, "num_experts": 2, "num_experts_per_tok": 1,
    "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16,
    "linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 16,
    "linear_value_head_dim": 16})
LFM2 = Family("Lfm2Model", "Lfm2Config", {
    **_SIZES, "layer_types": ["conv", "full_attention"]})
JAMBA = Family("JambaModel", "JambaConfig", {
    **_SIZES, "num_hidden_layers": 2, "attn_layer_period": 2, "attn_layer_offset": 1,
    "mamba_d_state": 8, "num_experts": 2})


def test_a_pooling_head_beside_the_interface_is_caught_too(tmp_path: Path) -> None:
    """By hooks, and with it all else."""
    model = SIGLIP.build()
    own = run(model, images())
    with neuromorph.attach(model, images(), options=SLOTS) as spiking:
        assert spiking.report()["way"] == "hooks"
        assert closeness(run(model, images()), own) > 0.998
        report = json.loads(json.dumps(spiking.report()))
    assert report["float_modules"] == report["uncaught"] == []
    assert [layer["layer"] for layer in report["per_layer"]][-1] == "head.attention"
    spiking.save(tmp_path / "bundle")
    with neuromorph.attach(model, tmp_path / "bundle") as again:
        run(model, images())
        assert again.tally.queries == spiking.tally.queries


class OddAttention(torch.nn.Module):
    """What is done to its scores no circuit does."""

    def forward(self, states: Any) -> Any:
        return torch.relu(states @ states.mT).softmax(-1) @ states


def with_an_odd_end() -> Any:
    """A model that ends in attention which nobody catches, and says so by its module's name."""
    model = FAMILIES["vit"].build()
    model.layernorm = torch.nn.Sequential(model.layernorm, OddAttention())
    return model


def test_what_stays_in_float_is_told_and_warned_of() -> None:
    model = with_an_odd_end()
    with pytest.warns(NeuromorphWarning, match=r"stays in float.*torch\.relu") as seen:
        spiking = neuromorph.attach(model, images(), options=SLOTS)
    assert {Path(found.filename) for found in seen} == {Path(__file__)}
    assert "float-attention" in [caution.kind for caution in spiking.cautions]
    (found,) = spiking.report()["uncaught"]
    assert (found["softmaxes"], found["lost_at"]) == (1, "torch.relu")
    spiking.detach()


@pytest.mark.filterwarnings("error::neuromorph.errors.NeuromorphWarning")
def test_a_warning_as_an_error_leaves_the_model_as_it_was() -> None:
    model = with_an_odd_end()
    own = run(model, images())
    with pytest.raises(NeuromorphWarning):
        neuromorph.attach(model, images(), options=SLOTS)
    assert model.config._attn_implementation == "sdpa"
    assert not links(model)
    assert same(run(model, images()), own)


@pytest.mark.parametrize(("family", "kind", "names"), [
    (QWEN3_NEXT, "Qwen3NextGatedDeltaNet", [f"layers.{i}.linear_attn" for i in range(3)]),
    (LFM2, "Lfm2ShortConv", ["layers.0.conv"]),
    (JAMBA, "JambaMambaMixer", ["layers.0.mamba"]),
], ids=["delta net", "convolution", "mamba"])
def test_layers_without_softmax_are_told(family: Family, kind: str, names: list[str]) -> None:
    model = family.build()
    spiking = neuromorph.attach(model, text("no"), options=SLOTS)
    assert spiking.report()["float_modules"] == [
        {"module": name, "class": kind, "kind": "linear or recurrent"} for name in names]
    assert float_cautions(model, spiking.codes) == []
    spiking.detach()


@pytest.mark.parametrize("name", FAMILIES)
def test_nothing_of_the_known_families_stays_float(name: str) -> None:
    family = FAMILIES[name]
    model = family.build()
    with neuromorph.attach(model, family.inputs(), options=SLOTS) as spiking:
        assert spiking.report()["float_modules"] == []


def test_a_module_is_known_by_the_queries_and_keys_that_it_makes() -> None:
    class Unnamed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wq, self.wk = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)

    model = torch.nn.Sequential(torch.nn.Linear(2, 2), Unnamed())
    assert float_modules(model, ()) == [{"module": "1", "class": "Unnamed", "kind": "attention"}]
    assert "1 (Unnamed) does not use" in str(float_cautions(model, ())[0])
    assert "0 (Unnamed) and 1 modules more do not" in str(float_cautions(
        torch.nn.Sequential(Unnamed(), Unnamed()), ())[0])
    assert float_modules(model, ["1"]) == []


def test_what_was_not_calibrated_is_no_float_module() -> None:
    """It goes through the interface, and refuses to run."""
    model = FAMILIES["bart"].build()
    encoder = neuromorph.attach(model.encoder, text(), options=SLOTS)
    codes: Any = dict(encoder.codes)
    encoder.detach()
    spiking = neuromorph.Attachment(model, {f"encoder.{n}": code for n, code in codes.items()})
    assert spiking.report()["float_modules"] == []
    with spiking, pytest.raises(CalibrationError, match=r"decoder.*never calibrated"):
        run(model, FAMILIES["bart"].inputs())
