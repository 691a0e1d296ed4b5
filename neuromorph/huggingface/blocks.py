"""The blocks of a loaded model, as `translate.block` wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.errors import ModelStructureError
from neuromorph.huggingface.block_layouts import LAYOUTS, WHY_NOT, Layout
from neuromorph.models.config import Config
from neuromorph.translate.block import FloatBlock, FloatNorm, Linear, curve_of


def float_blocks(model: Any) -> list[FloatBlock]:
    """Each block of a model of the families of Llama, BERT, GPT-2 or ViT, in float64.

    Parameters
    ----------
    model : transformers model
        `LlamaForCausalLM`, `BertModel`, `GPT2LMHeadModel`, `ViTModel` and relatives, on the CPU.

    Raises
    ------
    ModelStructureError
        Naming what is not known: another kind of model, a part of a block that no `FloatBlock`
        has, or an activation that no neuron has.
    """
    return [float_block(model, layer) for layer in range(len(_layers(model, layout_of(model))))]


def float_block(model: Any, layer: int) -> FloatBlock:
    """One of them."""
    config, layout = Config(model.config.to_dict(), type(model).__name__), layout_of(model)
    layers, family = _layers(model, layout), layout.family
    if not 0 <= layer < len(layers):
        raise ModelStructureError("the model has no such layer", where=type(model).__name__,
                                  found=layer, expected=f"0 to {len(layers) - 1}")
    block, name = layers[layer], f"{layout.layers}.{layer}"
    plan, activation = family.plan(config, layer), config.text(layout.activation)
    if plan.window is not None:
        raise ModelStructureError("a block of this kind has no circuit here", where=name,
                                  found=f"{config.text('model_type')}, window {plan.window}",
                                  expected="no sliding window",
                                  hint="as many slots as the window has tokens do the same")
    _check_parts(block, layout, name)
    first, second = (_norm(block.get_submodule(path), layout, config) for path in layout.norms)
    post = bool(layout.first_norm)
    before = first if not post else _norm(_norm_before(model, layout, layer), layout, config)
    parts: dict[str, Any] = {role: linear_of(block.get_submodule(path))
                             for role, path in layout.parts.items()}
    parts |= {role: _norm(block.get_submodule(path), layout, config)
              for role, path in layout.head_norms.items()}
    if layout.fused:
        fused = linear_of(block.get_submodule(layout.fused))
        parts |= zip(("query", "key", "value"), _split(fused), strict=True)
    return FloatBlock(
        name=name, attention_norm=before, mlp_norm=first if post else second,
        end_norm=second if post else None, **{"up": None, **parts}, heads=plan.heads,
        groups=plan.kv_heads, rotary=plan.rotary, activation=curve_of(activation, name),
        scale=plan.head_size**-0.5 if plan.scale is None else plan.scale,
        causal=family.causal(config))


def layout_of(model: Any) -> Layout:
    """How its blocks are laid out.

    Raises
    ------
    ModelStructureError
        If nobody knows.
    """
    kind = getattr(getattr(model, "config", None), "model_type", type(model).__name__)
    found = next((layout for layout in LAYOUTS if kind in layout.model_types), None)
    if found is None:
        known = sorted({kind for layout in LAYOUTS for kind in layout.model_types})
        raise ModelStructureError("blocks of this kind of model have no circuit here",
                                  where=type(model).__name__, found=kind,
                                  expected=", ".join(known), hint=WHY_NOT.get(kind))
    return found


def _layers(model: Any, layout: Layout) -> Any:
    try:
        return model.base_model.get_submodule(layout.layers)
    except AttributeError as error:
        raise ModelStructureError("the model's blocks are not where they are elsewhere",
                                  where=type(model).__name__, expected=layout.layers) from error


def _norm_before(model: Any, layout: Layout, layer: int) -> Any:
    """Of a post-norm block: the embedding's, or the last one of the block before."""
    if layer:
        return _layers(model, layout)[layer - 1].get_submodule(layout.norms[1])
    return model.base_model.get_submodule(layout.first_norm)


def _check_parts(block: Any, layout: Layout, name: str) -> None:
    """Refuse what holds weights and would be passed over in silence, and what is not there."""
    inside = {path for path, part in block.named_modules() if path and not any(part.children())}
    holding = {path.rpartition(".")[0] for path, _ in block.named_parameters()}
    found = (inside | holding) - layout.known
    if found:
        raise ModelStructureError("a part of a block has no circuit here", where=name,
                                  found=min(found) or "weights of its own")
    missing = layout.known - layout.beside - holding
    if missing:
        raise ModelStructureError("a block lacks a part", where=name, expected=min(missing))


def _norm(norm: Any, layout: Layout, config: Config) -> FloatNorm:
    if not layout.layer_norm:
        return FloatNorm(array_of(norm.weight), config.number("rms_norm_eps"))
    return layer_norm_of(norm)


def layer_norm_of(norm: Any) -> FloatNorm:
    """A `LayerNorm` of torch, in float64."""
    return FloatNorm(array_of(norm.weight), float(norm.eps),
                     None if norm.bias is None else array_of(norm.bias), centred=True)


def linear_of(layer: Any) -> Linear:
    """A `Linear` or `Conv1D` of torch, in float64."""
    weight = array_of(layer.weight)
    turned = weight.T if type(layer).__name__ == "Conv1D" else weight  # (in, out)
    return Linear(turned, None if layer.bias is None else array_of(layer.bias))


def _split(fused: Linear) -> list[Linear]:
    biases = [None] * 3 if fused.bias is None else np.split(fused.bias, 3)
    return [Linear(*both) for both in zip(np.split(fused.weight, 3), biases, strict=True)]


def array_of(tensor: Any) -> Any:
    """A tensor's numbers, in float64."""
    return tensor.detach().cpu().double().numpy().astype(np.float64)
