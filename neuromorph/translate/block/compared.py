"""How close a block in integers comes to the float block, token by token, and what it cut off."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np

from neuromorph.circuits.block.closed_form import Token, fed_forward, heard, normed, scaled
from neuromorph.circuits.block.numbers import X_LIMIT, Block, Dense, Ints
from neuromorph.circuits.norm import Norm
from neuromorph.neurons.gate import NARROW
from neuromorph.shapes import Float64, Int64
from neuromorph.shown import Shown
from neuromorph.translate.block.float_norm import Floats
from neuromorph.translate.block.floats import Trace
from neuromorph.translate.block.translated import TranslatedBlock


@dataclass(frozen=True, repr=False)
class Closeness(Shown):
    """Cosines between two hidden states, and between what a block added to them.

    Attributes
    ----------
    tokens : int
    state_mean, state_worst, update_mean, update_worst : float
        Cosine of R'', and of R'' - R, over tokens.
    update_error : float
        ||error|| / ||R'' - R|| of the float block, the median token.
    saturations : dict of str to int
        Numbers that were cut off, by where. Codes that are at their limit count whether or not
        they would have been larger; a norm's are tokens that are too short for it.
    """

    tokens: int
    state_mean: float
    state_worst: float
    update_mean: float
    update_worst: float
    update_error: float
    saturations: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


def compare_block(
    translated: TranslatedBlock, stream: Annotated[Float64, "tokens width"],
    trace: Trace | None = None,
) -> Closeness:
    """The closed form beside the float block, on the same float hidden states."""
    trace = trace or translated.floats.run(stream)
    codes, cut = translated.encode(stream)
    token = translated.run(codes)
    cuts = {"stream": cut, **saturations(translated.block, codes, token)}
    return closeness(stream, trace.end, translated.decode(token.end), cuts)


def closeness(
    stream: Annotated[Float64, "tokens width"], wanted: Annotated[Float64, "tokens width"],
    found: Annotated[Float64, "tokens width"], cuts: dict[str, int] | None = None,
) -> Closeness:
    """Two last hidden states that came of one."""
    states = cosines(found, wanted)
    updates = cosines(found - stream, wanted - stream)
    errors = np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted - stream, axis=1)
    return Closeness(len(stream), float(states.mean()), float(states.min()),
                     float(updates.mean()), float(updates.min()), float(np.median(errors)),
                     cuts or {})


def cosines(
    some: Annotated[Float64, "tokens width"], others: Annotated[Float64, "tokens width"]
) -> Annotated[Float64, "tokens"]:
    """One a row."""
    lengths = np.linalg.norm(some, axis=1) * np.linalg.norm(others, axis=1)
    found: Floats = (some * others).sum(axis=1) / np.maximum(lengths, np.finfo(np.float64).tiny)
    return found


def saturations(
    block: Block, stream: Annotated[Int64, "tokens width"], token: Token
) -> dict[str, int]:
    """What a sequence cut off on its way through a block, by where."""
    _, ends = fed_forward(block, token.middle)
    first, h = ("end_norm", stream) if block.post else (
        "attention_norm", normed(block.attention_norm, stream)[0])
    found = {name: _short(getattr(block, name), vectors) for name, vectors in (
        (first, ends if block.post else stream), ("mlp_norm", token.middle),
        ("unit_norm", token.hidden))}
    found |= {name: _beyond(getattr(block, name), h, block.x_limit(name))
              for name in ("query", "key", "value")}
    for name, own in block.head_norms.items():
        x = scaled(getattr(block, name), h).reshape(-1, own.norm.size)
        found[f"{name}_norm"] = _short(own.norm, x) + _at(heard(block, name, h), X_LIMIT)
    found |= {f"{name}_code": _at(codes, limit) for name, codes, limit in (
        ("query", token.query, block.query_code.limit), ("key", token.key, block.key_code.limit),
        ("value", token.value, block.value_code.limit))}
    h, _ = normed(block.mlp_norm, token.middle)
    found["gate"] = _beyond(block.gate, h, NARROW)
    if block.up is not None:
        found["up"] = _beyond(block.up, h, NARROW)
    return found | {"hidden": _at(token.hidden, block.hidden_limit),
                    "middle": _at(token.middle, block.mlp_norm.largest),
                    "end": _at(ends, getattr(block, first).largest)}


def _short(norm: Norm, vectors: Ints) -> int:
    """Vectors that are too short for their norm: Y would need more than 24 bits."""
    wide = vectors.astype(np.float64)
    if norm.centred:
        wide = wide - wide.mean(axis=1, keepdims=True)
    squares = np.square(wide).sum(axis=1)
    short = 2 * np.sqrt(squares + norm.least) < norm.length
    return int(np.count_nonzero(short & (squares > 0)))


def _beyond(layer: Dense, vectors: Ints, limit: int) -> int:
    return int(np.count_nonzero(np.abs(scaled(layer, vectors)) > limit))


def _at(values: Ints, limit: int) -> int:
    return int(np.count_nonzero(np.abs(values) == limit))
