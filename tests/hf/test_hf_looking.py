"""Attention maps of a live model: those of the spikes, of the last pass or of inputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import FAMILIES, FINE, SLOTS  # noqa: E402

import neuromorph  # noqa: E402
from neuromorph.errors import UnsupportedError, UsageError  # noqa: E402
from neuromorph.huggingface import last_pass  # noqa: E402

NEAR = 0.05
"""Largest difference of a weight to softmax that steps of 0.05 nats leave on these models."""


def attached(name: str, options: Any = FINE, **sizes: Any) -> tuple[Any, dict[str, Any]]:
    """A tiny model in spikes, which has seen its inputs once."""
    family = FAMILIES[name]
    model, inputs = family.build(**sizes), family.inputs()
    spiking = neuromorph.attach(model, inputs, options=options)
    with torch.no_grad():
        model(**inputs)
    return spiking, inputs


def own_weights(spiking: Any, inputs: dict[str, Any], layer: int) -> Any:
    """What the float model's own softmax says."""
    spiking.detach()
    spiking.model.set_attn_implementation("eager")
    with torch.no_grad():
        return spiking.model(**inputs, output_attentions=True).attentions[layer].numpy()


@pytest.mark.parametrize("name", ["bert", "llama, padded left", "mistral", "gpt-oss"])
def test_maps_of_the_first_layer_are_near_the_models_own(name: str) -> None:
    """Padding, a causal mask, a window, and a sink, which takes what is left of 1."""
    spiking, inputs = attached(name)
    found = spiking.maps(0)
    ours, own = spiking.attention(0), own_weights(spiking, inputs, 0)
    real = inputs["attention_mask"].numpy().astype(bool)[:, None, :, None]
    rows = np.broadcast_to(real & found.mask.any(axis=2)[:, None, :, None], ours.shape)
    assert ours.shape == own.shape
    assert np.abs(ours - own)[rows].max() < NEAR
    assert np.allclose(found.target[rows], own[rows], atol=1e-5)
    assert not ours[np.broadcast_to(~found.mask[:, None], ours.shape)].any()
    sums = ours.sum(axis=3)[rows[..., 0]]
    assert np.allclose(sums, 1) if name != "gpt-oss" else (sums < 1).all()


class Context(torch.nn.Module):
    """Attention and nothing behind it."""

    def forward(self, x: Any) -> Any:
        return torch.nn.functional.scaled_dot_product_attention(x, x.flip(3), x, is_causal=True)


@pytest.mark.parametrize("readout", ["host", "emitted"])
def test_control_by_normaliser_is_the_map_times_the_values(readout: str) -> None:
    x = torch.randn(2, 3, 10, 8, generator=torch.Generator().manual_seed(0))
    model = Context().eval()
    with neuromorph.attach(model, x, options=SLOTS, readout=readout) as spiking, torch.no_grad():
        answer = model(x).numpy()
        found = spiking.maps(0)
    assert np.array_equal(found.context, answer)  # the same spikes
    code = spiking.codes["(model)"]
    values = (code.encode_values(x.numpy())[0] * code.value_scale[:, None]
              + code.value_centre[:, None])
    # Potentials fade in whole numbers, payloads are whole, and an emitted context is rounded.
    assert np.abs(found.spiking @ values - answer).max() < 0.02 * np.abs(values).max()
    shifted = np.roll(found.spiking, 1, axis=3)
    assert np.abs(shifted @ values - answer).max() > 0.2 * np.abs(values).max()


def test_inputs_may_be_given_attached_or_not() -> None:
    spiking, inputs = attached("llama")
    last = spiking.attention(1)
    other = {name: value[:1, :7] for name, value in inputs.items()}
    spiking.detach()
    assert spiking.attention("layers.1.self_attn", other).shape == (1, 4, 7, 7)
    assert not spiking.attached
    assert np.array_equal(spiking.attention(np.int64(1), inputs), last)


@pytest.mark.parametrize("name", ["bert", "llama, padded left"])
def test_keys_that_nobody_sees_keep_their_columns(name: str) -> None:
    """Padding of all sequences is cut off before spikes run, and is there again in the map."""
    spiking, inputs = attached(name)
    real = inputs["attention_mask"][1].bool().numpy()
    alone = spiking.maps(0, {key: value[1:2] for key, value in inputs.items()})
    among = spiking.maps(0, inputs)
    assert not real.all()
    assert alone.spiking.shape == (1, 4, 24, 24)
    assert np.allclose(alone.target[0][:, real], among.target[1][:, real], atol=1e-5)
    assert np.abs(alone.spiking[0] - among.spiking[1])[:, real].max() < 0.01
    assert not alone.spiking[..., ~real].any()


def test_a_cache_shows_the_last_query_over_all_keys() -> None:
    spiking, inputs = attached("llama")
    ids = inputs["input_ids"][:1, :9]
    whole = spiking.attention(0, {"input_ids": ids})
    with spiking, torch.no_grad():
        begun = spiking.model(ids[:, :8], use_cache=True)
        spiking.model(ids[:, 8:], past_key_values=begun.past_key_values)
    assert spiking.attention(0).shape == (1, 4, 1, 9)
    assert np.array_equal(spiking.attention(0)[:, :, 0], whole[:, :, 8])


def test_what_was_written_to_since_is_not_shown() -> None:
    x = torch.randn(1, 2, 6, 8, generator=torch.Generator().manual_seed(0))
    model = Context().eval()
    with neuromorph.attach(model, x, options=SLOTS) as spiking, torch.no_grad():
        model(x)
        x.zero_()
        with pytest.raises(UsageError, match=r"written to since.*Give the inputs"):
            spiking.attention(0)
        with torch.inference_mode():
            y = torch.ones(1, 2, 6, 8)
            model(y)
            y.zero_()
        assert spiking.attention(0).any()  # torch does not count there: a copy was kept


def test_refusals_name_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    spiking, inputs = attached("bert")
    with pytest.raises(UnsupportedError, match=r"spiking\.attention\(layer\)"):
        spiking.model(**inputs, output_attentions=True)
    for layer in (2, "encoder.layer.0.attention.selv", True):
        with pytest.raises(UsageError, match="no such layer"):
            spiking.attention(layer)
    monkeypatch.setattr(last_pass, "MOST", 10_000)
    with pytest.raises(UsageError, match=r"too large to be kept.*9\.8 KiB"):
        spiking.attention(1, inputs)
    spiking.model.set_attn_implementation("eager")
    fresh = neuromorph.attach(spiking.model, inputs, options=SLOTS)
    with pytest.raises(UsageError, match=r"not run in spikes yet.*inputs"):
        fresh.attention(0)


def test_a_raster_of_any_query() -> None:
    pytest.importorskip("matplotlib", reason="needs the plot extra")
    spiking, _ = attached("llama, padded left")
    figure = spiking.raster(1, head=2, query=20, sequence=1)
    assert "layers.1.self_attn, head 2: query 20" in figure.get_suptitle()
    with pytest.raises(UsageError, match="may look at no key"):
        spiking.raster(1, query=0, sequence=2)
    with pytest.raises(UsageError, match=r"no such query.*0 to 23"):
        spiking.raster(1, query=24)
    for what, number in (("sequence", 3), ("sequence", "0"), ("head", 0.0), ("head", True),
                         ("query", "5"), ("query", 1.5)):
        with pytest.raises(UsageError, match=rf"no such {what}; found {number!r}; expected 0 to"):
            spiking.raster(1, **{what: number})


def test_the_page_says_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[2] / "docs" / "look.md").read_text("utf-8")
    example = re.search(r"```python\n(.*?)```", text.split("\n## A live model\n")[1], re.DOTALL)
    assert example is not None
    names: dict[str, Any] = {}
    exec(compile(example[1], "look.md", "exec"), names)
    assert names["weights"].shape == (2, 3, 12, 12)
    assert (tmp_path / "live.png").stat().st_size > 10_000
