"""Memories of the gated delta rule: the rule is transformers' own, and layers run in integers."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.errors import CalibrationError, UnsupportedError, UsageError
from neuromorph.huggingface.delta_layers import DeltaConnection, delta_modules
from neuromorph.huggingface.delta_spikes import delta_spikes
from neuromorph.huggingface.gated_delta_net import FUNCTIONS, delta_call
from neuromorph.huggingface.memory_calls import DeltaCall

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_delta import called, cosine, in_floats, qwen3_next, texts  # noqa: E402
from hf_models import FAMILIES as SOFTMAX  # noqa: E402
from hf_models import SLOTS, text  # noqa: E402

FAMILIES = ("qwen3_next", "qwen3_5", "qwen3_5_moe", "qwen4_exp", "olmo_hybrid")


def home(family: str) -> Any:
    return importlib.import_module(f"transformers.models.{family}.modeling_{family}")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("keys", "values"), [(2, 2), (2, 4)])
@pytest.mark.parametrize("before", [False, True])
def test_the_float_rule_is_transformers_own(
    family: str, function: str, keys: int, values: int, before: bool
) -> None:
    given, named = called(2, 100, keys, values)
    if before:
        rng = torch.Generator().manual_seed(1)
        named["initial_state"] = torch.randn(2, values, 8, 10, generator=rng)
    named |= {"use_qk_l2norm_in_kernel": True, "output_final_state": True}
    outputs, memory = getattr(home(family), function)(*given, **named)
    call = delta_call("layer", *given, **named)
    ours, held = in_floats(call)
    np.testing.assert_allclose(ours.swapaxes(1, 2), outputs.numpy(), atol=2e-5)
    np.testing.assert_allclose(held.swapaxes(-1, -2), memory.numpy(), atol=2e-5)


# --- a model's calls are answered


@torch.no_grad()
def test_a_handler_in_floats_changes_nothing() -> None:
    model = qwen3_next()
    own = model(**texts(2, 70)).logits
    seen: list[str] = []
    with DeltaConnection.of(model, lambda call: (seen.append(call.layer), in_floats(call))[1]):
        assert torch.allclose(model(**texts(2, 70)).logits, own, atol=1e-4)
    assert seen == list(delta_modules(model)) == [f"model.layers.{i}.linear_attn" for i in range(3)]


@torch.no_grad()
def test_the_memory_that_goes_on_is_the_layers_own() -> None:
    """A cache that is filled by one of both is read by the other."""
    model, ids = qwen3_next(), texts(1, 40)["input_ids"]
    own = model(input_ids=ids).logits[:, 30:]
    with DeltaConnection.of(model, in_floats):
        cache = model(input_ids=ids[:, :30], use_cache=True).past_key_values
    rest = [model(input_ids=ids[:, t : t + 1], past_key_values=cache, use_cache=True).logits
            for t in range(30, 35)]
    with DeltaConnection.of(model, in_floats):
        rest += [model(input_ids=ids[:, t : t + 1], past_key_values=cache, use_cache=True).logits
                 for t in range(35, 40)]
    assert torch.allclose(torch.cat(rest, dim=1), own, atol=1e-4)


@torch.no_grad()
def test_another_model_of_the_family_keeps_its_own() -> None:
    connected, other = qwen3_next(), qwen3_next(seed=1)
    calls: list[str] = []
    own = other(**texts(1, 12)).logits
    with DeltaConnection.of(connected, lambda call: calls.append(call.layer)):
        assert torch.equal(other(**texts(1, 12)).logits, own)
        assert calls == []
        with DeltaConnection.of(other, lambda call: calls.append("other")):
            connected(**texts(1, 12))
            other(**texts(1, 12))
        connected(**texts(1, 12))
    assert [name == "other" for name in calls] == [False] * 3 + [True] * 3 + [False] * 3


@torch.no_grad()
def test_after_an_error_and_after_closing_all_is_as_before() -> None:
    model = qwen3_next()
    functions = [getattr(home("qwen3_next"), name) for name in FUNCTIONS]
    hooks = [len(module._forward_hooks) for module in model.modules()]
    own = model(**texts(1, 12)).logits

    def failing(call: DeltaCall) -> Any:
        raise ValueError(call.layer)

    connection = DeltaConnection.of(model, failing)
    with pytest.raises(ValueError, match=r"layers\.0\.linear_attn"):
        model(**texts(1, 12))
    connection.close()
    connection.close()
    assert [getattr(home("qwen3_next"), name) for name in FUNCTIONS] == functions
    assert [len(module._forward_hooks) for module in model.modules()] == hooks
    with DeltaConnection.of(qwen3_next(seed=1), failing):
        assert torch.equal(model(**texts(1, 12)).logits, own)  # no layer is still said to run


def test_packed_sequences_are_refused() -> None:
    given, named = called(1, 6, 2, 2)
    with pytest.raises(UnsupportedError, match="the layer: sequences packed side by side"):
        delta_call("the layer", *given, **named, cu_seqlens=torch.tensor([0, 3, 6]))


# --- in integers


@torch.no_grad()
def test_layers_run_in_integers() -> None:
    """A layer is given what it has in floats, so that layers do not add up."""
    model = qwen3_next()
    spikes = delta_spikes(model, [texts(2, 128)])
    new = texts(2, 128, seed=2)
    inputs: dict[str, Any] = {}
    hooks = [module.register_forward_hook(
        lambda module, args, kwargs, out, name=name: inputs.update({name: (args, kwargs, out)}),
        with_kwargs=True) for name, module in delta_modules(model).items()]
    model(**new, use_cache=False)
    for hook in hooks:
        hook.remove()
    with DeltaConnection.of(model, spikes):
        for name, module in delta_modules(model).items():
            args, kwargs, out = inputs[name]
            assert cosine(module(*args, **kwargs), out) > 0.995, name
    assert spikes.report() == {"layers": 3, "memories": 12, "tokens": 3 * 2 * 128,
                               "clipped": spikes.clipped}
    assert spikes.clipped < 0.01 * spikes.tokens * 4 * 16


@torch.no_grad()
def test_token_by_token_is_the_same_to_the_bit() -> None:
    """Draws, gates and weights go on: a text that is generated is one that was given."""
    model, ids = qwen3_next(), texts(2, 24)["input_ids"]
    spikes = delta_spikes(model, [texts(2, 64)])
    calls: list[Any] = []

    def kept(call: DeltaCall) -> Any:
        answered = spikes(call)
        calls.append((call.layer, answered[1]))
        return answered

    with DeltaConnection.of(model, kept):
        whole = model(input_ids=ids).logits
        last = dict(calls)
        cache, parts = None, []
        for t in range(24):
            done = model(input_ids=ids[:, t : t + 1], past_key_values=cache, use_cache=True)
            cache = done.past_key_values
            parts.append(done.logits)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-4)
    first = "model.layers.0.linear_attn"
    np.testing.assert_allclose(dict(calls)[first], last[first], atol=1e-6)


def test_a_memory_that_is_not_reached_or_too_large_is_refused() -> None:
    with pytest.raises(CalibrationError, match="linear_attn: the calibration data never reaches"):
        delta_spikes(qwen3_next(), [])
    with pytest.raises(UnsupportedError, match=r"more key axons.*found 136; expected at most 128"):
        delta_spikes(qwen3_next(136, 2), [texts(1, 4)])


def test_a_model_without_memories_has_nothing_to_connect() -> None:
    assert delta_modules(torch.nn.Linear(2, 2)) == {}
    assert DeltaConnection.of(torch.nn.Linear(2, 2), in_floats).layers == ()


# --- attach takes them


@torch.no_grad()
def test_attach_takes_memories_and_gives_them_back() -> None:
    model, new = qwen3_next(), texts(2, 40, seed=3)
    own = model(**new).logits
    plain = neuromorph.attach(model, texts(2, 40))
    attention_only = model(**new).logits
    names = list(delta_modules(model))
    assert [e["module"] for e in plain.report()["float_modules"]] == names
    assert plain.report()["memories"] is None
    spiking = neuromorph.attach(model, texts(2, 40), memories=True)
    both = model(**new).logits
    report = spiking.report()
    assert report["float_modules"] == []
    assert report["memories"]["tokens"] == 3 * 2 * 40
    assert cosine(both, own) > 0.9
    assert cosine(both, attention_only) < cosine(attention_only, own)
    plain.detach()  # of an attachment that is no longer the model's
    assert torch.equal(model(**new).logits, both)
    spiking.detach()
    assert torch.equal(model(**new).logits, own)
    spiking.attach()
    assert torch.equal(model(**new).logits, both)
    plain.attach()
    assert torch.equal(model(**new).logits, attention_only)
    plain.detach()


def test_what_attach_cannot_do_with_memories_is_refused(tmp_path: Path) -> None:
    model = qwen3_next()
    spiking = neuromorph.attach(model, texts(1, 12), memories=True)
    with pytest.raises(UnsupportedError, match=r"layers\.0\.linear_attn: a bundle has no place"):
        spiking.save(tmp_path / "bundle")
    spiking.memories = None
    spiking.save(tmp_path / "bundle")
    with pytest.raises(UsageError, match="neither options nor a tokenizer nor memories"):
        neuromorph.attach(model, tmp_path / "bundle", memories=True)
    spiking.detach()
    with pytest.raises(UnsupportedError, match="keeps no memory by the gated delta rule or linear"):
        neuromorph.attach(SOFTMAX["llama"].build(), text("no"), options=SLOTS,
                          memories=True)
