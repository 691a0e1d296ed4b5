"""Lightning attention (MiniMax): linear attention with decay, in floats and in integers."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.errors import UsageError
from neuromorph.huggingface.delta_layers import DeltaConnection, delta_modules
from neuromorph.huggingface.delta_spikes import delta_spikes
from neuromorph.huggingface.memory_calls import DeltaCall

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_delta import cosine, in_floats, minimax, texts  # noqa: E402


def padded(tokens: int) -> dict[str, Any]:
    """Two texts, the first of which is shorter by ten."""
    batch = texts(2, tokens)
    mask = torch.ones(2, tokens, dtype=torch.long)
    mask[0, :10] = 0
    return {**batch, "attention_mask": mask}


@torch.no_grad()
@pytest.mark.parametrize("batch", [texts(2, 70), padded(70)], ids=["whole", "padded"])
def test_a_handler_in_floats_changes_nothing(batch: Any) -> None:
    model = minimax()
    own = model(**batch).logits
    seen: list[DeltaCall] = []
    with DeltaConnection.of(model, lambda call: (seen.append(call), in_floats(call))[1]):
        assert torch.allclose(model(**batch).logits, own, atol=1e-4)
    assert [call.layer for call in seen] == list(delta_modules(model)) == [
        f"model.layers.{i}.self_attn" for i in (0, 1, 3)]
    assert all(not call.sample.forgets_key and (call.sample.rate == 1).all() for call in seen)
    keeps = [call.sample.keep[0, :, 0] for call in seen]
    assert np.ptp(keeps[0]) > 0.1  # one slope a head
    assert torch.equal(model(**batch).logits, own)


@torch.no_grad()
def test_the_memory_that_goes_on_is_the_layers_own() -> None:
    """A cache that is filled by one of both is read by the other."""
    model, ids = minimax(), texts(1, 40)["input_ids"]
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
def test_a_copy_runs_on_its_own_weights_and_on_no_handler_after_closing() -> None:
    model = minimax()
    with DeltaConnection.of(model, in_floats):
        copy = deepcopy(model)
        for parameter in copy.parameters():
            parameter.mul_(1.5)
    own = type(model)(model.config).eval()
    own.load_state_dict(copy.state_dict())
    assert torch.equal(copy(**texts(1, 12)).logits, own(**texts(1, 12)).logits)


@torch.no_grad()
def test_layers_run_in_integers() -> None:
    """A layer is given what it has in floats, so that layers do not add up."""
    model, new = minimax(), texts(2, 100, seed=2)
    spikes = delta_spikes(model, [texts(2, 100)])
    outputs: list[Any] = []

    def both(call: DeltaCall) -> Any:
        exact = in_floats(call)
        outputs.append((call.layer, spikes(call)[0], exact[0]))
        return exact

    with DeltaConnection.of(model, both):
        model(**new)
    for name, ours, theirs in outputs:
        assert cosine(torch.from_numpy(ours), torch.from_numpy(theirs)) > 0.998, name
    assert spikes.report()["memories"] == 12
    assert spikes.clipped < 0.03 * spikes.tokens * 4 * 16


@torch.no_grad()
def test_token_by_token_is_the_same_to_the_bit() -> None:
    model, ids = minimax(), texts(2, 24)["input_ids"]
    spikes = delta_spikes(model, [texts(2, 64)])
    last: dict[str, Any] = {}

    def kept(call: DeltaCall) -> Any:
        answered = spikes(call)
        last[call.layer] = answered[1]
        return answered

    with DeltaConnection.of(model, kept):
        model(input_ids=ids)
        whole, cache = dict(last), None
        for t in range(24):
            cache = model(input_ids=ids[:, t : t + 1], past_key_values=cache,
                          use_cache=True).past_key_values
    first = "model.layers.0.self_attn"
    np.testing.assert_allclose(last[first], whole[first], atol=1e-5)


@torch.no_grad()
def test_attach_takes_them_and_gives_them_back() -> None:
    model, new = minimax(), texts(2, 40, seed=3)
    own = model(**new).logits
    with neuromorph.attach(model, texts(2, 40), memories=True) as spiking:
        assert cosine(model(**new).logits, own) > 0.98
        report = spiking.report()
    assert report["float_modules"] == []
    assert report["memories"]["tokens"] == 3 * 2 * 40
    assert torch.equal(model(**new).logits, own)


def test_a_slope_that_is_no_decay_is_refused() -> None:
    model = minimax()
    delta_modules(model)["model.layers.0.self_attn"].slope_rate.neg_()
    with pytest.raises(UsageError, match=r"gated delta, keep: .*expected above 0 to 1"):
        delta_spikes(model, [texts(1, 12)])
