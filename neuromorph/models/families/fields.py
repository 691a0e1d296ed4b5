"""No field that may change attention is passed over in silence.

A configuration says everything that it says in fields, and transformers takes any. A field that
its family reads is read; one that only looks as if it concerned attention, and is not known to be
without effect, is refused by its name. All others are the model's own affair.
"""

from __future__ import annotations

import re

from neuromorph.errors import ModelStructureError
from neuromorph.models.config import Config

_WORDS = frozenset({
    "alibi", "attention", "attn", "bidirectional", "causal", "chunked", "heads", "kv", "mrope",
    "nope", "pruned", "qk", "qkv", "relative", "rope", "rotary", "sink", "sinks", "sliding",
    "softcap", "softcapping", "softmax", "window", "yarn"})
_NAMES = frozenset({"head_dim", "layer_types", "multi_query", "per_layer_config",
                    "position_embedding_type"})
_HOW_NOT_WHAT = frozenset({"autoset", "cache", "dropout", "flash", "implementation", "pdrop",
                           "sdpa"})
"""Words of fields that choose an implementation, or matter in training only."""

_ELSEWHERE = frozenset({"context", "pooler"})
"""Words of fields about something after or around the layers."""

_OFF: dict[str, tuple[object, ...]] = {
    "add_cross_attention": (False,),
    "alibi": (False,),
    "position_embedding_type": ("absolute",),
    "qk_layernorm": (False,),
    "qk_norm": (False,),
    "rope_interleaved": (False,),
    "use_alibi": (False,),
    "use_bidirectional_attention": (False,),
    "use_mrope": (False,),
    "use_qk_norm": (False,),
    "use_sliding_window": (False,),
}
"""Values that leave attention as every family has it; so do null and what is empty."""


def check_fields(config: Config, reads: frozenset[str]) -> None:
    """Refuse fields that may change attention, when nobody reads them.

    Parameters
    ----------
    config : Config
    reads : frozenset of str
        The fields that the model's family reads.

    Raises
    ------
    ModelStructureError
    """
    for name, value in config.fields.items():
        if name not in reads and concerns_attention(name) and not _is_off(name, value):
            raise ModelStructureError(
                "the configuration has a field that may change attention and is not known here",
                where=config.where, found=f"{name[:80]!r}: {value!r}"[:160],
                hint="take it out of the configuration if it has no effect")


def concerns_attention(name: str) -> bool:
    """Whether a field of this name may change who looks where, or how much."""
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}
    return name in _NAMES or bool(words & _WORDS and not words & (_HOW_NOT_WHAT | _ELSEWHERE))


def _is_off(name: str, value: object) -> bool:
    return value is None or value in ("", [], {}) or value in _OFF.get(name, ())
