"""A whole loaded model, as `translate.transformer` wants it."""

from __future__ import annotations

from functools import partial
from typing import Any

from neuromorph.errors import ModelStructureError
from neuromorph.huggingface.around import AROUND
from neuromorph.huggingface.blocks import float_block, layout_of
from neuromorph.models.config import Config
from neuromorph.translate.transformer import FloatTransformer
from neuromorph.translate.transformer.floats import MadeBlocks


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
        MadeBlocks(partial(float_block, model), len(base.get_submodule(layout.layers))),
        around.head(model),
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
