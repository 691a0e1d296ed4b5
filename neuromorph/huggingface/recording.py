"""What goes through a model's attention while it runs, in float, on sample data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import CalibrationError, MemoryBudgetError
from neuromorph.huggingface.hook import Call, Connection
from neuromorph.huggingface.masks import Tensor
from neuromorph.translate import Sample

SAMPLE_BYTES = 1 << 32
"""Most that calibration samples may take."""

TOKENS = 512
"""Longest passage, in tokens, unless more is asked for; the rest is left out."""


def record(model: Any, batches: Iterable[Mapping[str, Any]]) -> dict[str, list[Sample]]:
    """Queries, keys and values of every layer while the model runs on sample data, in float.

    The model is left as it was found, also when something fails on the way.

    Raises
    ------
    CalibrationError
        If no attention layer was reached, or one only with what is masked.
    MemoryBudgetError
        If there is more data than `SAMPLE_BYTES`.
    """
    samples: dict[str, list[Sample]] = defaultdict(list)
    room = SAMPLE_BYTES

    def keep(call: Call) -> Tensor:
        nonlocal room
        new = _samples(call)
        room -= size_of(new)
        if room < 0:
            raise MemoryBudgetError("the calibration data takes too much memory",
                                    where=call.layer, expected=f"at most {SAMPLE_BYTES} bytes",
                                    hint="give fewer or shorter sequences")
        samples[call.layer].extend(new)
        return _float_attention(call)

    runs = 0
    connection = Connection(model, keep)
    try:
        import torch

        with torch.no_grad():
            for batch in batches:
                model(**batch)
                runs += 1
    finally:
        connection.close()
    if not runs:
        raise CalibrationError("there is nothing to calibrate on", where=type(model).__name__,
                               hint="give at least one batch of inputs")
    if not samples:
        raise CalibrationError("the model ran, but reached none of its attention",
                               where=type(model).__name__, found=f"batches: {runs}",
                               hint="either none of its layers attends, or the inputs go round "
                               "those that do")
    empty = [name for name, seen in samples.items() if not seen]
    if empty:
        raise CalibrationError("all of the calibration data is masked", where=empty[0],
                               hint="check the attention mask")
    return dict(samples)


def _float_attention(call: Call) -> Tensor:
    from torch.nn.functional import scaled_dot_product_attention

    group = call.queries.shape[1] // call.keys.shape[1]
    return scaled_dot_product_attention(
        call.queries, call.keys.repeat_interleave(group, dim=1),
        call.values.repeat_interleave(group, dim=1), attn_mask=call.mask[:, None],
        scale=call.scale)


def _samples(call: Call) -> list[Sample]:
    """One sample a sequence; positions that nobody looks at and that are padding drop out."""
    queries, keys, values, masks = arrays(call)
    result = []
    for b, mask in enumerate(masks):
        used = mask.any(axis=0)
        asked = used if mask.shape[0] == mask.shape[1] else mask.any(axis=1)
        if used.any():
            result.append(Sample(queries[b][:, asked], keys[b][:, used], values[b][:, used],
                                 mask[np.ix_(asked, used)]))
    return result


def arrays(call: Call) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
    """Scaled queries, keys, values and mask of a call; see `Call.floats`."""
    queries, keys, values = call.floats()
    return queries * np.float32(call.scale), keys, values, call.mask.cpu().numpy()


def size_of(samples: Iterable[Sample]) -> int:
    """Bytes that samples take."""
    return sum(array.nbytes for s in samples for array in (s.queries, s.keys, s.values, s.mask))


def is_causal(samples: Mapping[str, Sequence[Sample]]) -> bool:
    """Whether no layer ever looked ahead, though it could have."""
    masks = [s.mask for seen in samples.values() for s in seen if s.mask.shape[0] > 1]
    return bool(masks) and not any(np.triu(m, 1 + m.shape[1] - m.shape[0]).any() for m in masks)


def tokenised(
    model: Any, tokenizer: Any, passages: Sequence[str], tokens: int = TOKENS
) -> list[Mapping[str, Any]]:
    """One batch a passage: no padding, so nothing but text is calibrated on."""
    longest = getattr(tokenizer, "model_max_length", None) or 0
    limit = min(tokens, positions(model) or tokens, longest if longest > 0 else tokens)
    batches = [tokenizer(passage, return_tensors="pt", truncation=True, max_length=limit)
               for passage in passages]
    return [batch for batch in batches if batch["input_ids"].shape[1]]


def counted_tokens(
    tokenizer: Any, batches: Iterable[Mapping[str, Any]]
) -> tuple[int, int, int]:
    """Of all tokens but special ones: how many are unknown, how many different, how many."""
    ids = np.concatenate([np.asarray(batch["input_ids"]).ravel() for batch in batches])
    unknown = getattr(tokenizer, "unk_token_id", None)
    known_apart = [i for i in tokenizer.all_special_ids if i != unknown]
    plain = ids[~np.isin(ids, known_apart)]
    return int((plain == unknown).sum()), len(np.unique(plain)), len(plain)


def positions(model: Any) -> int | None:
    """The longest sequence that the model's configuration allows, if it says."""
    found = getattr(model.config, "max_position_embeddings", None)
    return found if isinstance(found, int) and found > 0 else None
