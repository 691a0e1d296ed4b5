"""A whole loaded model, as `translate.transformer` wants it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from neuromorph.errors import ModelStructureError
from neuromorph.huggingface.around import AROUND
from neuromorph.huggingface.blocks import float_block, layout_of
from neuromorph.models.config import Config
from neuromorph.translate.block import FloatBlock
from neuromorph.translate.transformer import FloatTransformer


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
    """A model from tokens, or pixels, to what it says.

    Parameters
    ----------
    model : transformers model
        On the CPU: `LlamaForCausalLM`, `GPT2LMHeadModel` and relatives, to logits;
        `BertModel` and relatives, to the mean of the last hidden states;
        `ViTForImageClassification`, from pixels 0 to 255 to classes.

    Raises
    ------
    ModelStructureError
        Naming what no circuit does.
    """
    layout, config = layout_of(model), Config(model.config.to_dict(), type(model).__name__)
    around = AROUND[layout.family.name]
    base = model.base_model
    _check_parts(model, base, around.parts, around.heads)
    embedding, positions = around.embedding(base)
    return FloatTransformer(
        str(model.config.model_type), embedding,
        Blocks(model, len(base.get_submodule(layout.layers))), around.head(model),
        causal=layout.family.causal(config), positions=positions)


def _check_parts(
    model: Any, base: Any, parts: frozenset[str], heads: frozenset[str]
) -> None:
    """Refuse what holds weights and would be passed over in silence."""
    found = {path for path, _ in base.named_children()} - parts
    if model is not base:
        found |= {path for path, part in model.named_children() if part is not base} - heads
    if found:
        raise ModelStructureError("a part of the model has no circuit here",
                                  where=type(model).__name__, found=min(found),
                                  expected=", ".join(sorted(parts | heads)))
    missing = heads - {path for path, _ in model.named_children()}
    if missing:
        raise ModelStructureError("the model has no head", where=type(model).__name__,
                                  expected=", ".join(sorted(missing)))
