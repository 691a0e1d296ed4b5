"""What models add to their logits besides q.k: biases of positions, float masks, sinks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.api.simulate import simulate
from neuromorph.backends import attend
from neuromorph.bundle import load_bundle
from neuromorph.errors import NeuromorphWarning, UnsupportedError
from neuromorph.huggingface.hook import Call
from neuromorph.huggingface.recording import record
from neuromorph.runtime import SpikingLayer
from neuromorph.translate import Sample, TranslateOptions
from neuromorph.translate.fidelity import float_attention

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import FAMILIES, closeness, run  # noqa: E402

TABLES = ("relative_attention_bias", "relative_position_bias_table", "sinks")
SLOTS = TranslateOptions(slots=33)
biased = pytest.mark.parametrize("name", ["t5", "beit", "gpt-oss"])


def model_of(name: str, spread: float = 3.0) -> Any:
    """A tiny model whose tables of biases, or sinks, have this standard deviation."""
    torch.manual_seed(0)
    model, generator = FAMILIES[name].build(), torch.Generator().manual_seed(3)
    found = [p for key, p in model.named_parameters() if any(table in key for table in TABLES)]
    assert found
    for table in found:
        table.data = spread * torch.randn(table.shape, generator=generator)
    return model


@biased
def test_what_is_added_is_attended_to(name: str) -> None:
    """And it matters: without, the model would say something else."""
    inputs = FAMILIES[name].inputs()
    model = model_of(name)
    own = run(model, inputs)
    assert closeness(run(model_of(name, 0), inputs), own) < 0.99
    with neuromorph.attach(model, inputs, options=SLOTS) as spiking:
        assert closeness(run(model, inputs), own) > 0.998
        assert spiking.tally.clipped_share < 0.001
        assert any(head.bias_limit for code in spiking.codes.values() for head in code.heads)


@biased
def test_float_attention_of_samples_is_the_models(name: str) -> None:
    model, inputs = model_of(name), FAMILIES[name].inputs()
    samples = record(model, [inputs])
    assert any(sample.bias is not None for seen in samples.values() for sample in seen)
    for seen in samples.values():
        weights, _ = float_attention(seen[0])
        np.testing.assert_allclose(weights.sum(axis=2)[:, seen[0].mask.any(axis=1)], 1, rtol=1e-5)


@biased
def test_a_bundle_keeps_the_bias(name: str, tmp_path: Path) -> None:
    model, inputs = model_of(name), FAMILIES[name].inputs()
    with neuromorph.attach(model, inputs, options=SLOTS) as spiking:
        own = run(model, inputs)
        path = spiking.save(tmp_path / "bundle")
    with neuromorph.attach(model, path):
        again = run(model, inputs)
    assert all(torch.equal(own[key], again[key]) for key in own)
    bundle, report = load_bundle(path), simulate(path)
    assert bundle.codes.keys() == spiking.codes.keys()
    assert [code.heads for code in bundle.codes.values()] == [
        code.heads for code in spiking.codes.values()]
    assert min(one.cosine for one in report.fidelity) > 0.99
    arrays = {f"{part}.{i}": getattr(sample, part) for i, sample in enumerate(
        bundle.samples.values()) for part in ("queries", "keys", "values", "mask", "bias")
        if getattr(sample, part) is not None}
    given = simulate(path, inputs=arrays)
    for key, array in report.outputs.items():
        np.testing.assert_array_equal(given.outputs[key], array)


def test_a_layer_with_a_bias_is_the_same_on_reference() -> None:
    model, inputs = model_of("t5"), FAMILIES["t5"].inputs()
    spiking = neuromorph.attach(model, inputs, options=SLOTS)
    name = next(name for name, sample in spiking.samples.items() if sample.bias is not None)
    code, sample = spiking.codes[name], spiking.samples[name].asking(slice(3))
    assert sample.bias is not None
    work = SpikingLayer(code).encode(sample.queries[None], sample.keys[None], sample.values[None],
                                     sample.mask[None], sample.bias[None])
    assert attend("fast", work, times=True).differs_from(attend("reference", work)) is None


# --- what a call says


def call(given: Any = None, bias: Any = None, sink: Any = None) -> Call:
    stored = torch.ones(2, 2, 5, 8)
    return Call("a layer", torch.zeros(2, 4, 3, 8), stored, stored, given, False, 1.0, bias, sink)


def test_a_float_mask_hides_and_adds() -> None:
    mask = torch.tensor([0.0, -0.5, 2.0, -1e9, -torch.inf]).expand(2, 1, 3, 5)
    one = call(mask)
    assert one.mask.equal(torch.tensor([True, True, True, False, False]).expand(2, 3, 5))
    assert one.added.equal(torch.tensor([0.0, -0.5, 2.0, 0.0, 0.0]).expand(2, 1, 3, 5))
    both = call(mask, torch.ones(4, 1, 5))
    assert both.added.shape == (2, 4, 3, 5)
    assert both.added[..., :3].equal(one.added[..., :3].expand(2, 4, 3, 3) + 1)
    assert call(torch.zeros(2, 1, 3, 5)).added is None


def test_what_all_heads_make_faint_is_hidden() -> None:
    """-100 is a way to hide; where one head looks, all of them keep the key."""
    bias = torch.zeros(1, 4, 3, 5)
    bias[..., 1] = -100
    bias[:, 1:, :, 2] = -100
    assert call(bias=bias).mask.equal(
        torch.tensor([True, False, True, True, True]).expand(2, 3, 5))


def test_a_sink_is_a_key_in_front() -> None:
    given = torch.ones(2, 1, 3, 5, dtype=torch.bool)
    given[1, :, 2] = False
    one = call(given, sink=torch.arange(4.0))
    keys, values = one.stored
    assert keys.shape == values.shape == (2, 2, 6, 8)
    assert not keys[:, :, 0].any()
    assert not values[:, :, 0].any()
    assert one.mask.shape == (2, 3, 6)
    assert one.mask[..., 0].equal(torch.tensor([[True] * 3, [True, True, False]]))
    assert one.added.shape == (1, 4, 1, 6)
    assert one.added[0, :, 0, 0].equal(torch.arange(4.0))
    assert not one.added[..., 1:].any()


def test_a_sink_takes_its_part_of_a_softmax() -> None:
    """Σ exp(logit) + exp(sink) below the line."""
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(1, 2, 3, 8)).astype(np.float32) for _ in range(3))
    sink = torch.tensor([1.0, -2.0])
    one = Call("a", *map(torch.from_numpy, (q, k, v)), None, False, 0.3, None, sink)
    floats = one.floats()
    sample = Sample(floats[0][0] * 0.3, floats[1][0], floats[2][0], one.mask[0].numpy(),
                    one.added[0].expand(2, 3, 4).numpy())
    logits = np.exp(0.3 * q[0] @ k[0].transpose(0, 2, 1))
    expected = (logits / (logits.sum(axis=2) + np.exp(sink.numpy())[:, None])[..., None]) @ v[0]
    np.testing.assert_allclose(float_attention(sample)[1], expected, rtol=1e-5, atol=1e-6)


# --- soft caps


def gemma(cap: float) -> Any:
    torch.manual_seed(0)
    return FAMILIES["gemma2"].build(attn_logit_softcapping=cap)


def test_a_wide_cap_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    """Logits of a standard deviation of 2 or so under a cap of 50: a straight ramp does."""
    model, inputs = gemma(50.0), FAMILIES["gemma2"].inputs()
    own = run(model, inputs)
    with pytest.warns(NeuromorphWarning, match="the soft cap of logits is left out in 2 of 2"):
        spiking = neuromorph.attach(model, inputs, options=SLOTS)
    with spiking:
        assert closeness(run(model, inputs), own) > 0.998
        path = spiking.save(tmp_path / "bundle")
    with neuromorph.attach(model, path):
        assert closeness(run(model, inputs), own) > 0.998
    with neuromorph.attach(gemma(30.0), path) as other, pytest.raises(
            UnsupportedError, match="calibration has not judged"):
        run(other.model, inputs)


def test_a_tight_cap_is_refused_with_what_it_would_cost() -> None:
    model, inputs = gemma(1.0), FAMILIES["gemma2"].inputs()
    own = run(model, inputs)
    with pytest.raises(UnsupportedError, match=r"soft-capped logits.*a cosine of .* cap of 1;"):
        neuromorph.attach(model, inputs, options=SLOTS)
    assert all(torch.equal(own[key], value) for key, value in run(model, inputs).items())


def test_plain_spikes_undo_a_tight_cap(tmp_path: Path) -> None:
    """Closer than the same spikes come to a model without a cap; in bundles too."""
    model, inputs = gemma(1.0), FAMILIES["gemma2"].inputs()
    own, options = run(model, inputs), TranslateOptions(slots=33, spikes="binary")
    with neuromorph.attach(model, inputs, options=options) as spiking:
        found = run(model, inputs)
        assert closeness(found, own) > 0.99
        heads = [head for code in spiking.codes.values() for head in code.heads]
        assert all(head.cap for head in heads)
        assert sum(one["curved_heads"] for one in spiking.report()["per_layer"]) == len(heads)
        assert all(caution.kind != "soft-cap" for caution in spiking.cautions)
        path = spiking.save(tmp_path / "bundle")
    with neuromorph.attach(model, path):
        again = run(model, inputs)
    assert all(torch.equal(found[key], again[key]) for key in found)


def test_a_recorded_model_caps_its_logits() -> None:
    """What the next layer is given is what the model gives it."""
    model, inputs = gemma(1.0), FAMILIES["gemma2"].inputs()
    with torch.no_grad():
        free = record(gemma(1e6), [inputs])
    tight = record(model, [inputs])
    last = list(tight)[-1]
    assert all(s.softcap == 1.0 for s in tight[last])
    assert not np.allclose(tight[last][0].queries, free[last][0].queries, atol=1e-3)
    seen: list[Any] = []
    model.layers[1].self_attn.q_proj.register_forward_hook(lambda *a: seen.append(a[2]))
    again = record(model, [inputs])
    own = seen.pop()
    run(model, inputs)
    torch.testing.assert_close(seen[0], own, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(again[last][0].queries, tight[last][0].queries)
