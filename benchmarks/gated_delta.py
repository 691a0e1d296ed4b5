"""Gated DeltaNet and lightning layers in integers: what 8-bit weights, 7-bit traces cost.

Layers of tiny random Qwen3-Next and MiniMax models, with heads of 32 and of 128 dimensions (those
of the real ones), each given what it is sent in floats: the cosine of a layer's output, after its
norm and its projection, with the float one. Calibrated on other texts.

Narrow weights and traces are those of the circuit, to the bit. Wider ones are emulated: the same
codes and roundings with more bits, in floats, the gate not rounded at all. The emulation with 8 and
7 bits is beside the circuit, to show that it is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import transformers

from neuromorph import backends
from neuromorph.circuits.gated_delta import KEY_LIMIT, PERIOD
from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.huggingface.delta_layers import DeltaConnection, delta_modules
from neuromorph.huggingface.delta_spikes import DeltaSpikes, delta_spikes
from neuromorph.huggingface.memory_calls import DeltaCall, each_head
from neuromorph.learning import make_draws
from neuromorph.numerics.limits import TRACE_MAX, WEIGHT_MAX
from neuromorph.translate.delta_code import DeltaCode, turned

LENGTHS = (16, 32, 64, 128, 256, 512)
SIZES = (32, 128)
HEADS, WORDS = 4, 256
WIDTHS = ((8, 7), (10, 7), (12, 7), (16, 7), (8, 9), (8, 12), (10, 9), (12, 9), (16, 12))
"""Bits of a weight beside its sign, and of a trace."""

Answer = Callable[[DeltaCode, DeltaSample], Any]


def measure() -> dict[str, Any]:
    return {f"{name}_heads_of_{size}": of_model(make(size))
            for name, make in (("gated_delta", tiny), ("lightning", tiny_lightning))
            for size in SIZES}


def of_model(model: Any) -> dict[str, Any]:
    """Cosines by length, of each way to keep a memory."""
    seen, new = texts(2, seed=1), texts(1, seed=2)
    spikes, whole = (delta_spikes(model, [seen], kind) for kind in ("random", "whole"))
    layers = inputs_of(model, new)
    found = {
        "circuit": cosines(model, layers, spikes, in_integers),
        "even weights only": cosines(model, layers, spikes, even_weights),
        "without draws": cosines(model, layers, whole, in_integers),
    }
    for weight, trace in WIDTHS:
        found[f"emulated, weights {weight}, traces {trace}"] = cosines(
            model, layers, spikes, lambda code, sample, w=weight, t=trace: emulated(
                code, sample, w, t))
    return found


def tiny(size: int) -> Any:
    """Four layers, three of them memories; weights so large that old tokens matter."""
    torch.manual_seed(0)
    config = transformers.Qwen3NextConfig(
        vocab_size=WORDS, hidden_size=128, intermediate_size=128, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=2, head_dim=32, linear_key_head_dim=size,
        linear_value_head_dim=size, linear_num_key_heads=HEADS // 2, linear_num_value_heads=HEADS,
        num_experts=0, max_position_embeddings=1024)
    model = transformers.Qwen3NextForCausalLM(config).eval()
    with torch.no_grad():
        for module in delta_modules(model).values():
            for weight in (module.in_proj_qkvz.weight, module.in_proj_ba.weight):
                weight.normal_(0, weight.shape[1] ** -0.5)
            module.conv1d.weight.normal_(0, 0.7)
            module.A_log.copy_(torch.logspace(-3, 0, HEADS).log())  # alpha of 0.5 to 0.9993
            module.dt_bias.zero_()
    return model


def tiny_lightning(size: int) -> Any:
    """Three layers of lightning attention: slopes from 1/4 of the first to 1e-5 of the last."""
    torch.manual_seed(0)
    config = transformers.MiniMaxConfig(
        vocab_size=WORDS, hidden_size=128, intermediate_size=128, num_hidden_layers=3,
        num_attention_heads=HEADS, num_key_value_heads=2, head_dim=size, num_local_experts=2,
        num_experts_per_tok=2, layer_types=["linear_attention"] * 3, max_position_embeddings=1024)
    model = transformers.MiniMaxForCausalLM(config).eval()
    with torch.no_grad():
        for module in delta_modules(model).values():
            module.qkv_proj.weight.normal_(0, module.qkv_proj.weight.shape[1] ** -0.5)
    return model


def texts(batch: int, seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return {"input_ids": torch.randint(0, WORDS, (batch, LENGTHS[-1]), generator=generator)}


def inputs_of(model: Any, batch: Any) -> dict[str, Any]:
    """What each layer is called with and what it returns, in floats."""
    found: dict[str, Any] = {}
    hooks = [module.register_forward_hook(
        lambda _, args, kwargs, out, name=name: found.update({name: (args, kwargs, out)}),
        with_kwargs=True) for name, module in delta_modules(model).items()]
    with torch.no_grad():
        model(**batch, use_cache=False)
    for hook in hooks:
        hook.remove()
    return found


def cosines(model: Any, layers: Any, spikes: DeltaSpikes, answer: Answer) -> dict[int, float]:
    """Cosine of the layers' outputs over the first tokens, mean over layers."""
    def answered(call: DeltaCall) -> Any:
        outputs = [answer(code, sample) for code, sample in
                   zip(spikes.codes[call.layer], each_head(call.sample), strict=True)]
        return np.stack(outputs, axis=1), np.zeros((1, len(outputs), 1, 1))

    found = []
    with torch.no_grad(), DeltaConnection.of(model, answered):
        for name, module in delta_modules(model).items():
            args, kwargs, exact = layers[name]
            ours, own = (out[0] if isinstance(out, tuple) else out
                         for out in (module(*args, **kwargs), exact))
            found.append([cosine(ours[:, :length], own[:, :length]) for length in LENGTHS])
    return dict(zip(LENGTHS, np.mean(found, axis=0).round(5).tolist(), strict=True))


def cosine(one: Any, other: Any) -> float:
    return float(torch.cosine_similarity(one.flatten().double(), other.flatten().double(), dim=0))


def in_integers(code: DeltaCode, sample: DeltaSample) -> Any:
    """The circuit, to the bit."""
    done = backends.remembering(backends.DEFAULT)(code.numbers, code.encode(sample)[0])
    return code.decode(done.answers)


def even_weights(code: DeltaCode, sample: DeltaSample) -> Any:
    """As if the synapse dropped a weight's lowest bit, where mixed signs are stored so."""
    return emulated(code, sample, 8, 7, unit=2)


def emulated(
    code: DeltaCode, sample: DeltaSample, weight_bits: int, trace_bits: int, unit: int = 1
) -> Any:
    """The circuit's codes and roundings with other widths, in floats."""
    sample = turned(sample, code.key_turn, code.value_turn)
    finer, louder = 2.0 ** (weight_bits - 8), 2.0 ** (trace_bits - 7)
    weight, write = code.weight * finer, code.write * louder
    error = code.weight / (code.numbers.write_gain * code.write) * louder
    keys = sample.keys * sample.keep[..., None] * sample.forgets_key
    reads = np.rint(keys * code.read * louder) / (code.read * louder)
    writes = np.clip(np.rint(sample.keys * sample.rate[..., None] * write),
                     -KEY_LIMIT * louder, KEY_LIMIT * louder)
    asks = np.rint(sample.queries * code.query * louder) / (code.query * louder)
    held = np.zeros((*sample.keep.shape[:-1], sample.values.shape[-1], keys.shape[-1]))
    draws = make_draws(0, PERIOD * sample.tokens, 1).synapse[2::PERIOD]
    most, outputs = WEIGHT_MAX * finer, np.zeros(sample.values.shape)
    for t in range(sample.tokens):
        surprise = sample.values[..., t, :] - (held @ reads[..., t, :, None])[..., 0] / weight
        told = np.clip(np.rint(surprise * error), -TRACE_MAX * louder, TRACE_MAX * louder)
        held = held * sample.keep[..., t, None, None] + (
            told[..., :, None] * writes[..., t, None, :] * weight / (write * error))
        held = np.clip(unit * np.floor(held / unit + 1 - draws[t]), -most, most)
        outputs[..., t, :] = (held @ asks[..., t, :, None])[..., 0] / weight
    return outputs @ code.value_turn

