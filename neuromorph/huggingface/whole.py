"""A whole loaded model, as `translate.transformer` wants it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np

from neuromorph.errors import ModelStructureError
from neuromorph.huggingface.blocks import float_block
from neuromorph.models.families.llama import LLAMA
from neuromorph.translate.block import FloatBlock, FloatNorm, Linear
from neuromorph.translate.transformer import FloatEmbedding, FloatHead, FloatTransformer

KINDS = LLAMA.model_types

WHOLE = {"embed_tokens", "layers", "norm", "rotary_emb"}
"""All that a decoder of the Llama family may hold."""


class Blocks(Sequence[FloatBlock]):
    """The blocks of a model, each made when it is asked for."""

    def __init__(self, model: Any, count: int) -> None:
        self._model, self._count = model, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, n: int) -> FloatBlock: ...

    @overload
    def __getitem__(self, n: slice) -> list[FloatBlock]: ...

    def __getitem__(self, n: int | slice) -> FloatBlock | list[FloatBlock]:
        if isinstance(n, slice):
            return [self[i] for i in range(*n.indices(self._count))]
        if not -self._count <= n < self._count:
            raise IndexError(n)
        return float_block(self._model, n % self._count)

    def __iter__(self) -> Iterator[FloatBlock]:
        return (self[n] for n in range(self._count))


def float_transformer(model: Any) -> FloatTransformer:
    """A causal language model, from tokens to logits.

    Parameters
    ----------
    model : transformers model
        `LlamaForCausalLM` and relatives, on the CPU.

    Raises
    ------
    ModelStructureError
        Naming what no circuit does.
    """
    kind = getattr(getattr(model, "config", None), "model_type", type(model).__name__)
    decoder, head = getattr(model, "model", None), getattr(model, "lm_head", None)
    if kind not in KINDS or decoder is None or head is None:
        raise ModelStructureError("whole models of this kind have no circuit here",
                                  where=type(model).__name__, found=kind,
                                  expected=", ".join(sorted(KINDS)) + ", with a language head")
    odd = {name for name, _ in decoder.named_children()} - WHOLE
    odd |= {name for name, _ in model.named_children()} - {"model", "lm_head"}
    if odd:
        raise ModelStructureError("a part of the model has no circuit here",
                                  where=type(model).__name__, found=min(odd))
    norm = FloatNorm(_array(decoder.norm.weight), float(model.config.rms_norm_eps))
    dense = Linear(_array(head.weight), None if head.bias is None else _array(head.bias))
    return FloatTransformer(
        kind, FloatEmbedding(_array(decoder.embed_tokens.weight)),
        Blocks(model, len(decoder.layers)), FloatHead("each", norm, dense), causal=True,
        positions=int(model.config.max_position_embeddings))


def _array(tensor: Any) -> Any:
    return tensor.detach().cpu().numpy().astype(np.float64)
