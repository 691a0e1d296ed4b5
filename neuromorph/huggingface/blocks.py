"""The blocks of a loaded model, as `translate.block` wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.errors import ModelStructureError
from neuromorph.models.config import Config
from neuromorph.models.families.llama import LLAMA
from neuromorph.translate.block import FloatBlock, Linear

KINDS = frozenset(LLAMA.model_types)
"""Pre-norm blocks with an RMS norm, rotary positions and a gated MLP."""

NORMS, ATTENTION = ("input_layernorm", "post_attention_layernorm"), "self_attn"
PROJECTIONS = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "output": "o_proj"}
MLP = {"gate": "gate_proj", "up": "up_proj", "down": "down_proj"}
PARTS = {ATTENTION: set(PROJECTIONS.values()), "mlp": {*MLP.values(), "act_fn"}}
"""All that a block may hold."""


def float_blocks(model: Any) -> list[FloatBlock]:
    """Each block of a causal language model of the Llama family, in float64.

    Parameters
    ----------
    model : transformers model
        `LlamaForCausalLM` and relatives, on the CPU.

    Raises
    ------
    ModelStructureError
        Naming what is not known: another kind of model, a part of a block that no `FloatBlock`
        has, or an activation other than SiLU.
    """
    return [float_block(model, layer) for layer in range(len(_decoder(model).layers))]


def float_block(model: Any, layer: int) -> FloatBlock:
    """One of them."""
    config = Config(model.config.to_dict(), type(model).__name__)
    decoder, kind = _decoder(model), config.text("model_type")
    if not 0 <= layer < len(decoder.layers):
        raise ModelStructureError("the model has no such layer", where=type(model).__name__,
                                  found=layer, expected=f"0 to {len(decoder.layers) - 1}")
    activation = config.text("hidden_act")
    name = LLAMA.module.format(layer=layer).removesuffix(f".{ATTENTION}")
    if activation not in ("silu", "swish"):
        raise ModelStructureError("the activation has no circuit here", where=name,
                                  found=activation, expected="silu")
    plan = LLAMA.plan(config, layer)
    if plan.rotary is None or plan.window is not None:
        raise ModelStructureError("a block of this kind has no circuit here", where=name,
                                  found=f"{kind}, window {plan.window}",
                                  expected="rotary positions, and no sliding window",
                                  hint="as many slots as the window has tokens do the same")
    block = decoder.layers[layer]
    _check_parts(block, name)
    attention, mlp = getattr(block, ATTENTION), block.mlp
    first, second = (getattr(block, norm) for norm in NORMS)
    return FloatBlock(
        name=name, attention_gain=_array(first.weight), mlp_gain=_array(second.weight),
        epsilon=config.number("rms_norm_eps"),
        **{role: _linear(getattr(attention, part)) for role, part in PROJECTIONS.items()},
        **{role: _linear(getattr(mlp, part)) for role, part in MLP.items()},
        heads=plan.heads, groups=plan.kv_heads, rotary=plan.rotary,
        scale=plan.head_size**-0.5 if plan.scale is None else plan.scale)


def _decoder(model: Any) -> Any:
    kind = getattr(getattr(model, "config", None), "model_type", type(model).__name__)
    decoder = getattr(model, "model", None)
    if kind not in KINDS or not hasattr(decoder, "layers"):
        raise ModelStructureError("blocks of this kind of model have no circuit here",
                                  where=type(model).__name__, found=kind,
                                  expected=", ".join(sorted(KINDS)))
    return decoder


def _check_parts(block: Any, name: str) -> None:
    """Refuse what holds weights and would be passed over in silence."""
    known = {*NORMS, *PARTS}
    found = {part for part, _ in block.named_children()} - known
    for inner, parts in PARTS.items():
        found |= {f"{inner}.{part}" for part, _ in getattr(block, inner).named_children()
                  if part not in parts}
    if found:
        raise ModelStructureError("a part of a block has no circuit here", where=name,
                                  found=min(found))


def _linear(layer: Any) -> Linear:
    return Linear(_array(layer.weight), None if layer.bias is None else _array(layer.bias))


def _array(tensor: Any) -> Any:
    return tensor.detach().cpu().double().numpy().astype(np.float64)
