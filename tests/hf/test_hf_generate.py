"""Text generation in spikes: cached keys, one query at a time, and where the slots end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.errors import UsageError
from neuromorph.huggingface.hook import Call, Connection
from neuromorph.huggingface.recording import float_attention
from neuromorph.translate import TranslateOptions

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import FAMILIES, SLOTS, closeness, shaken, text  # noqa: E402

NEW = 12
DECODERS = {"gpt2": "GPT2LMHeadModel", "llama": "LlamaForCausalLM",
            "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM"}


def decoder(name: str) -> Any:
    family = FAMILIES[name]
    config = getattr(transformers, family.config)(**family.sizes, eos_token_id=None)
    return shaken(getattr(transformers, DECODERS[name])(config))


def generate(model: Any, inputs: dict[str, Any], **options: Any) -> Any:
    """Greedy tokens, as many as asked for."""
    with torch.no_grad():
        return model.generate(**inputs, do_sample=False, min_new_tokens=NEW, max_new_tokens=NEW,
                              pad_token_id=0, **options)


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("padded", ["no", "left"])
def test_cached_generation_equals_whole_passes(name: str, padded: str) -> None:
    """Each token is what a pass over the whole text so far says, all in spikes."""
    model, inputs = decoder(name), text(padded)
    with neuromorph.attach(model, inputs, options=TranslateOptions(slots=40)), torch.no_grad():
        tokens = generate(model, inputs)
        padding = torch.ones_like(tokens)
        padding[:, :inputs["attention_mask"].shape[1]] = inputs["attention_mask"]
        positions = (padding.cumsum(1) - 1).clamp(min=0)
        for length in range(24, 24 + NEW):
            logits = model(input_ids=tokens[:, :length], attention_mask=padding[:, :length],
                           position_ids=positions[:, :length], use_cache=False).logits
            assert torch.equal(logits[:, -1].argmax(-1), tokens[:, length])


def test_generation_in_spikes_is_mostly_the_models_own() -> None:
    model, inputs = decoder("llama"), text("no")
    own = generate(model, inputs)
    with neuromorph.attach(model, inputs, options=TranslateOptions(slots=40)):
        assert (generate(model, inputs) == own).float().mean() > 0.7
    assert torch.equal(generate(model, inputs), own)


@pytest.mark.parametrize("options", [{"num_beams": 3}, {"cache_implementation": "static"},
                                     {"use_cache": False}])
def test_other_ways_to_generate(options: dict[str, Any]) -> None:
    model, inputs = decoder("llama"), text("left")
    with neuromorph.attach(model, inputs, options=TranslateOptions(slots=40)):
        plain = generate(model, inputs)
        tokens = generate(model, inputs, **options)
    assert tokens.shape == (3, 24 + NEW)
    if "num_beams" not in options:
        assert torch.equal(tokens, plain)


def test_the_masks_of_cached_steps() -> None:
    """A query sees itself and everything before it; padding never; and a chunk is a triangle."""
    model, inputs = decoder("llama"), text("left")
    seen: list[Any] = []

    def keep(call: Call) -> Any:
        seen.append(call.mask.numpy())
        return float_attention(call)

    connection = Connection(model, keep)
    generate(model, inputs)
    real = inputs["attention_mask"].bool().numpy()
    first, *steps = seen[::2]
    assert (first == np.tril(np.ones((24, 24), bool)) & real[:, None, :]).all()
    for i, mask in enumerate(steps, start=1):
        assert mask.shape == (3, 1, 24 + i)
        assert (mask[:, 0, :24] == real).all()
        assert mask[:, 0, 24:].all()
    seen.clear()
    with torch.no_grad():
        cache = model(inputs["input_ids"][:, :20]).past_key_values
        model(inputs["input_ids"][:, 20:], past_key_values=cache)
    assert (seen[2] == np.tril(np.ones((4, 24), bool), 20)).all()
    connection.close()


def test_a_chunk_after_cached_keys_equals_one_pass() -> None:
    model, ids = decoder("llama"), text("no")["input_ids"]
    with neuromorph.attach(model, {"input_ids": ids}, options=SLOTS), torch.no_grad():
        whole = model(ids).logits[:, 20:]
        cache = model(ids[:, :20]).past_key_values
        rest = model(ids[:, 20:], past_key_values=cache).logits
    assert closeness({"logits": rest.flatten(0, 1)}, {"logits": whole.flatten(0, 1)}) > 0.99999


def test_a_static_cache_may_be_longer_than_the_slots() -> None:
    """What it has no key for yet takes no slot."""
    model, ids = decoder("llama"), text("no")["input_ids"]
    with neuromorph.attach(model, {"input_ids": ids}, options=TranslateOptions(slots=24)), \
            torch.no_grad():
        cache = transformers.StaticCache(config=model.config, max_cache_len=64)
        whole = model(ids).logits
        cached = model(ids, past_key_values=cache).logits
    assert torch.equal(cached, whole)


def test_where_the_slots_end() -> None:
    model, ids = decoder("llama"), text("no")["input_ids"]
    with neuromorph.attach(model, {"input_ids": ids}, options=TranslateOptions(slots=24)):
        model(ids)
        with pytest.raises(UsageError, match=r"layers\.0\.self_attn: the sequence is longer than "
                           r"the circuits' slots; found 25; expected at most 24.*slots=25"):
            generate(model, {"input_ids": ids})


def test_an_encoder_and_a_decoder_generate() -> None:
    family = FAMILIES["bart"]
    config = getattr(transformers, family.config)(**family.sizes)
    model, inputs = shaken(transformers.BartForConditionalGeneration(config)), text()
    own = generate(model, inputs)
    with neuromorph.attach(model, {**inputs, "decoder_input_ids": own},
                           options=TranslateOptions(slots=40)) as spiking:
        assert len(spiking.codes) == 6
        tokens = generate(model, inputs)
    assert tokens.shape == own.shape
    assert (tokens == own).float().mean() > 0.5
