"""What goes through a model's attention while it runs, in float, on sample data."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import CalibrationError, MemoryBudgetError
from neuromorph.huggingface.connect import connect
from neuromorph.huggingface.hook import Call
from neuromorph.huggingface.inputs import call_model
from neuromorph.huggingface.intercept.uncaught import Uncaught
from neuromorph.huggingface.masks import Tensor, bias_array
from neuromorph.memory import give_back
from neuromorph.translate import Sample

SAMPLE_BYTES = 1 << 32
"""Most that calibration samples may take."""

VIEWS = 4
"""Different masks that are remembered: models have one or two kinds, batches a few lengths."""

TOKENS = 512
"""Longest passage, in tokens, unless more is asked for; the rest is left out."""


def record(
    model: Any, batches: Iterable[Any], uncaught: Uncaught | None = None
) -> dict[str, list[Sample]]:
    """Queries, keys and values of every layer while the model runs on sample data, in float.

    The model is left as it was found, also when something fails on the way. What it returns is
    not looked at, so a language model is asked for one token's logits, unless a batch says
    otherwise. Layers whose masks, or biases, are equal share one array. A batch is what the model
    is called with; see `inputs.call_model`.

    Raises
    ------
    CalibrationError
        If no attention layer was reached, or one only with what is masked.
    MemoryBudgetError
        If there is more data than `SAMPLE_BYTES`.
    """
    samples: dict[str, list[Sample]] = defaultdict(list)
    views: deque[_View] = deque(maxlen=VIEWS)
    biases: deque[NDArray[Any]] = deque(maxlen=VIEWS)
    room = SAMPLE_BYTES

    def keep(call: Call) -> Tensor:
        nonlocal room
        queries, keys, values, mask = arrays(call)
        bias, taken = _shared(biases, bias_array(call))
        room -= taken
        view = next((known for known in views if np.array_equal(known.mask, mask)), None)
        if view is None:
            view = _View.of(mask)
            views.append(view)
            room -= sum(part.mask.nbytes for part in view.parts)
        new = [part.sample(queries, keys, values, bias, call.softcap) for part in view.parts]
        room -= size_of(new)
        if room < 0:
            raise MemoryBudgetError("the calibration data takes too much memory",
                                    where=call.layer, expected=f"at most {SAMPLE_BYTES} bytes",
                                    hint="give fewer or shorter sequences")
        samples[call.layer].extend(new)
        return float_attention(call, view.causal)

    runs = 0
    connection = connect(model, keep, uncaught)
    try:
        import torch

        with torch.no_grad():
            for batch in batches:
                call_model(model, batch)
                give_back()
                runs += 1
    finally:
        connection.close()
    if not runs:
        raise CalibrationError("there is nothing to calibrate on", where=type(model).__name__,
                               hint="give at least one batch of inputs")
    if not samples:
        raise CalibrationError("the model ran, but reached none of its attention",
                               where=type(model).__name__,
                               found=f"batches: {runs}{uncaught.told() if uncaught else ''}",
                               hint="either none of its layers attends, or the inputs go round "
                               "those that do")
    empty = [name for name, seen in samples.items() if not seen]
    if empty:
        raise CalibrationError("all of the calibration data is masked", where=empty[0],
                               hint="check the attention mask")
    return dict(samples)


def _shared(
    known: deque[NDArray[Any]], bias: NDArray[Any] | None
) -> tuple[NDArray[Any] | None, int]:
    """A copy of a bias, or the equal one that a layer before had; how many bytes it takes anew."""
    if bias is None:
        return None, 0
    found = next((one for one in known if np.array_equal(one, bias)), None)
    if found is not None:
        return found, 0
    known.append(bias.copy())
    return known[-1], bias.nbytes


def float_attention(call: Call, causal: bool = False) -> Tensor:
    """What the model's own softmax attention answers, with bias, sink and soft cap."""
    from torch.nn.functional import scaled_dot_product_attention

    group = call.queries.shape[1] // call.keys.shape[1]
    (keys, values), mask = call.stored, call.mask[:, None]
    if call.softcap is not None:
        return _capped_attention(call, call.softcap, group)
    if call.added is not None:
        mask, causal = call.added.masked_fill(~mask, -float("inf")).to(call.queries.dtype), False
    return scaled_dot_product_attention(
        call.queries, keys.repeat_interleave(group, dim=1),
        values.repeat_interleave(group, dim=1), is_causal=causal,
        attn_mask=None if causal else mask, scale=call.scale)


def _capped_attention(call: Call, cap: float, group: int) -> Tensor:
    import torch

    keys, values = (one.repeat_interleave(group, dim=1) for one in call.stored)
    logits = cap * torch.tanh(call.queries @ keys.transpose(2, 3) * call.scale / cap)
    if call.added is not None:
        logits = logits + call.added.to(logits.dtype)
    weights = logits.masked_fill(~call.mask[:, None], -float("inf")).softmax(dim=3)
    return weights.nan_to_num() @ values  # a query that sees nothing


@dataclass(frozen=True, eq=False)
class _View:
    """What follows from one mask (batch, queries, keys), for all layers that it stands for.

    ``parts`` has one entry a sequence: positions that nobody looks at and that are padding drop
    out. ``causal`` says that every query sees all keys up to its own, and no more.
    """

    mask: NDArray[np.bool_]
    parts: list[_Part]
    causal: bool

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> _View:
        """The view of a mask, which may change later."""
        parts = []
        for b, seen in enumerate(mask):
            used = seen.any(axis=0)
            asked = used if seen.shape[0] == seen.shape[1] else seen.any(axis=1)
            if used.any():
                parts.append(_Part(b, np.flatnonzero(asked), np.flatnonzero(used),
                                   seen[np.ix_(asked, used)]))
        causal = mask.shape[1] == mask.shape[2] and np.array_equal(
            mask, np.broadcast_to(np.tri(mask.shape[1], dtype=np.bool_), mask.shape))
        return cls(mask.copy(), parts, causal)


@dataclass(frozen=True, eq=False)
class _Part:
    sequence: int
    asked: NDArray[np.intp]
    used: NDArray[np.intp]
    mask: NDArray[np.bool_]

    def sample(
        self, queries: NDArray[Any], keys: NDArray[Any], values: NDArray[Any],
        bias: NDArray[Any] | None, softcap: float | None,
    ) -> Sample:
        """A copy of this sequence's part of a call; a bias without padding is not copied."""
        b = self.sequence
        own = None if bias is None else _part(bias[b % len(bias)], self.asked, self.used)
        return Sample(queries[b].take(self.asked, axis=1), keys[b].take(self.used, axis=1),
                      values[b].take(self.used, axis=1), self.mask, own, softcap)


def _part(
    bias: NDArray[Any], asked: NDArray[np.intp], used: NDArray[np.intp]
) -> NDArray[Any]:
    whole = bias.shape[1:] == (len(asked), len(used))
    return bias if whole else bias[:, asked][..., used]


def arrays(call: Call) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
    """Scaled queries, keys, values and mask of a call; see `Call.floats`."""
    queries, keys, values = call.floats()
    return queries * np.float32(call.scale), keys, values, call.mask.cpu().numpy()


def size_of(samples: Iterable[Sample]) -> int:
    """Bytes that samples take, beside masks, which layers share."""
    return sum(array.nbytes for s in samples for array in (s.queries, s.keys, s.values))


def is_causal(samples: Mapping[str, Sequence[Sample]]) -> bool:
    """Whether no layer ever looked ahead, though it could have."""
    masks = {id(s.mask): s.mask
             for seen in samples.values() for s in seen if s.mask.shape[0] > 1}
    return bool(masks) and not any(np.triu(m, 1 + m.shape[1] - m.shape[0]).any()
                                   for m in masks.values())


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
    found = getattr(getattr(model, "config", None), "max_position_embeddings", None)
    return found if isinstance(found, int) and found > 0 else None
