"""A block in closed form: dense algebra over a sequence, which knows nothing of steps or spikes.

It shares with the circuit only the arithmetic of single values: multiply-shift, saturation,
reciprocal, inverse root, root, activation, and a payload's straight lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.numbers import Block, Code, Dense, HeadNorm, Ints
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.emit import contexts_of, lift_of
from neuromorph.circuits.norm import Norm, mean_constants
from neuromorph.neurons.gate import NARROW, activation
from neuromorph.neurons.latency_match import latency_payload
from neuromorph.neurons.rsqrt import inverse_root_payload, root_payload
from neuromorph.neurons.square import RUNG_BITS, RUNGS, rung
from neuromorph.numerics import decay, multiply_shift, round_shift, saturate
from neuromorph.numerics.limits import INPUT_SHIFT, STATE_MAX
from neuromorph.shapes import Int64

LIMIT_16 = 2**15 - 1
ANGLE_SHIFT, PART_SHIFT, ROOT_PLACES = 15, 15, 5


class Token(NamedTuple):
    """What a token becomes on its way through a block; arrays of shape (tokens, ...)."""

    query: Annotated[Int64, "tokens queried"]
    key: Annotated[Int64, "tokens keyed"]
    value: Annotated[Int64, "tokens keyed"]
    context: Annotated[Int64, "tokens queried"]
    middle: Annotated[Int64, "tokens width"]
    hidden: Annotated[Int64, "tokens hidden"]
    end: Annotated[Int64, "tokens width"]


def run(
    block: Block, stream: Annotated[Int64, "tokens width"],
    angles: tuple[Annotated[Int64, "tokens pairs"], Annotated[Int64, "tokens pairs"]] | None = None,
    *, causal: bool = True,
) -> Token:
    """A sequence through a block.

    Parameters
    ----------
    block : Block
    stream : int array, shape (tokens, width)
        R of each token, 24 bits.
    angles : pair of int arrays, shape (tokens, size / 2), optional
        Cosines and sines of each token's position, with 15 bits after the point.
    causal : bool
        Whether a token looks only at those before it, as on its first pass. On a second one
        through the same slots, of which there must be one a token, it looks at all of them.
    """
    h = stream if block.post else normed(block.attention_norm, stream)[0]
    query, key = (_code(heard(block, role, h), getattr(block, f"{role}_code"), block, angles)
                  for role in ("query", "key"))
    value = _clipped(multiply_shift(saturate(heard(block, "value", h) - block.value_code.centre),
                                    block.value_code.multiplier, block.value_code.shift),
                     block.value_code.limit)
    context = np.concatenate([_attend(block, n, query, key, value, causal)
                              for n in range(len(block.heads))], axis=1)
    middle = _attended(block, stream, context)
    hidden, end = fed_forward(block, middle)
    if block.end_norm is not None:
        end, _ = normed(block.end_norm, end)
    return Token(query, key, value, context, middle, hidden, end)


def normed(
    norm: Norm, vectors: Annotated[Int64, "tokens size"]
) -> tuple[Annotated[Int64, "tokens size"], Annotated[Int64, "_"]]:
    """Vectors over their norms, and the payload of each norm.

    Those of a norm of several heads are as many vectors, side by side.
    """
    rungs, shape, vectors = norm.ladder, vectors.shape, vectors.reshape(-1, norm.size)
    if norm.centred:
        vectors = vectors - _means(norm, vectors)[:, None]
    kept, at = np.zeros(len(vectors), np.int64), np.zeros(len(vectors), np.int64)
    for k in range(RUNGS):
        added = _least(rungs.least, rungs.least_shift - RUNG_BITS * k)
        total = rung(vectors, rungs.shift - RUNG_BITS * k, STATE_MAX).sum(axis=1) + added
        takes = (kept < rungs.threshold) if k else np.ones(len(kept), bool)
        kept, at = np.where(takes, total, kept), np.where(takes, k, at)
    y = np.minimum(inverse_root_payload(kept, at, norm.multiplier, norm.y_shift), STATE_MAX)
    h = saturate(round_shift(vectors * y[:, None], 22))
    return _clipped(h, norm.limit).reshape(shape), root_payload(kept, at)


def _means(norm: Norm, vectors: Ints) -> Ints:
    bits, multiplier, shift = (np.int64(one) for one in mean_constants(norm.size))
    sums = multiply_shift(vectors, np.int64(1), bits).sum(axis=1)
    return _clipped(multiply_shift(sums, multiplier, shift), norm.largest)


def _least(least: int, shift: int) -> int:
    scaled = least << -shift if shift <= 0 else (least + (1 << shift - 1)) >> shift
    return min(scaled, STATE_MAX)


def _sums(layer: Dense, vectors: Ints) -> Ints:
    return _exact(vectors, layer.weights.T)


def _exact(vectors: Ints, weights: NDArray[Any]) -> Ints:
    """By float64, which is exact below 2^53: 2^23 payloads of 24 bits times weights of 8."""
    product: Ints = (vectors.astype(np.float64) @ weights.astype(np.float64)).astype(np.int64)
    return product


def scaled(
    layer: Dense, vectors: Annotated[Int64, "tokens inputs"]
) -> Annotated[Int64, "tokens outputs"]:
    """What a layer makes of vectors, before anything is cut off; see `Dense`."""
    return multiply_shift(_sums(layer, vectors), layer.multiplier, layer.shift) + layer.bias


def heard(
    block: Block, role: str, h: Annotated[Int64, "tokens inputs"]
) -> Annotated[Int64, "tokens outputs"]:
    """Queries, keys or values of tokens before they are codes: over their norms, if any."""
    own = block.head_norms.get(role)
    x = scaled(getattr(block, role), h)
    return _clipped(x, LIMIT_16) if own is None else gained(own, _clipped(x, STATE_MAX))


def gained(own: HeadNorm, x: Annotated[Int64, "tokens size"]) -> Annotated[Int64, "tokens size"]:
    """Queries or keys of tokens over the norms of their heads, times the gains."""
    n = normed(own.norm, x)[0].reshape(-1, own.norm.size)
    y = multiply_shift(np.sign(own.gain) * n, np.abs(own.gain), own.shift)
    return _clipped(y, LIMIT_16).reshape(x.shape)


def _code(x: Ints, code: Code, block: Block, angles: tuple[Ints, Ints] | None) -> Ints:
    if angles is None:
        coded = multiply_shift(x, code.multiplier, code.shift)
        return _clipped(coded - multiply_shift(code.centre, code.multiplier, code.shift),
                        code.limit)
    heads = x.reshape(len(x), -1, block.size)
    half = block.size // 2
    first, second = heads[..., :half], heads[..., half:]
    cos, sine = (one[:, None, :] for one in angles)
    turned = np.concatenate([(first * cos - second * sine) >> ANGLE_SHIFT,
                             (second * cos + first * sine) >> ANGLE_SHIFT], axis=-1)
    centred = saturate(turned.reshape(x.shape) - code.centre)
    return _clipped(multiply_shift(centred, code.multiplier, code.shift), code.limit)


def sums_of(
    block: Block, n: int, query: Annotated[Int64, "tokens queried"],
    key: Annotated[Int64, "tokens keyed"], value: Annotated[Int64, "tokens keyed"],
    causal: bool = True,
) -> tuple[Annotated[Int64, "tokens _"], Annotated[Int64, "tokens"]]:
    """What a head has summed up when all have spoken: numerators, and their denominators.

    Each token looks at itself and those before it, as far as slots go; or at all of them.
    """
    head, size, group = block.heads[n], block.size, block.group_of(n)
    mine, theirs = (slice(g * size, (g + 1) * size) for g in (n, group))
    control = np.zeros((len(query), size), np.int64)
    mass = np.zeros(len(query), np.int64)
    for t, asked in enumerate(query[:, mine]):
        seen = slice(max(0, t + 1 - head.slots), t + 1) if causal else slice(None)
        control[t], mass[t] = _answered(head, (-2 * (key[seen, theirs] @ asked)) >> head.key_shift,
                                        2 * value[seen, theirs])
    return control, mass


def _attend(
    block: Block, n: int, query: Ints, key: Ints, value: Ints, causal: bool
) -> Ints:
    """Contexts of a head."""
    control, mass = sums_of(block, n, query, key, value, causal)
    contexts: Ints = contexts_of([block.heads[n]], control[None], mass[None])[0]
    return contexts


def _answered(head: LatencyAttention, scores: Ints, values: Ints) -> tuple[Ints, int]:
    """Leaky sums of values and of ones, by when each slot is due and how loud it is."""
    due = np.clip(-((scores - head.first_due) // head.ramp), 0, head.window)
    climbed = np.where(due == head.window, head.ramp * (head.window - 1) + head.go,
                       head.ramp * due)
    loud = _payloads(head, scores + climbed, due) if head.graded else np.ones_like(due)
    steps = np.arange(due.min(), due.max() + 1)
    heard = np.where(due == steps[:, None], loud, 0)
    counted = np.column_stack([values, np.full(len(values), head.unit)])
    left = np.zeros(counted.shape[1], np.int64)
    lift = lift_of(head)
    for sums in _exact(heard, counted) >> head.value_shift:
        left = decay(left, head.control_decay) + (sums << lift)
    return left[:-1], int(left[-1])


def _payloads(head: LatencyAttention, climbed: Ints, due: Ints) -> Ints:
    """How loud each slot is: what it is beyond the threshold when it fires."""
    over = ((head.score_bound + climbed - head.threshold) << INPUT_SHIFT) + 1
    return latency_payload(over, due == 0, base=head.payload_base, span=head.payload_span,
                           gain=head.payload_gain, gain_shift=head.payload_gain_shift)


def _attended(block: Block, stream: Ints, context: Ints) -> Ints:
    carry, shift = block.carries[0]
    out = saturate(multiply_shift(stream, carry, shift) + block.output.bias)
    columns = np.arange(context.shape[1]) % block.size % block.turns
    for turn in range(block.turns):
        part = np.where(columns == turn, context, 0)
        out = saturate(out + multiply_shift(_sums(block.output, part), block.output.multiplier,
                                            block.output.shift))
    return _clipped(out, block.mlp_norm.largest)


def _gated(block: Block, h: Ints) -> Ints:
    gate = _clipped(scaled(block.gate, h), NARROW)
    active = activation(gate, block.unit_bits, block.activation.slope, block.activation.cubic)
    if block.up is None:
        up = np.full_like(active, 1 << block.product_shift)
    else:
        up = scaled(block.up, h)
    return _clipped(round_shift(active * _clipped(up, NARROW), block.product_shift),
                    block.hidden_limit)


def fed_forward(
    block: Block, middle: Annotated[Int64, "tokens width"]
) -> tuple[Annotated[Int64, "tokens hidden"], Annotated[Int64, "tokens width"]]:
    """The hidden vector, and R'', of R'."""
    h, _ = normed(block.mlp_norm, middle)
    hidden = _gated(block, h)
    return hidden, _fed_back(block, h if block.post else middle, hidden)


def _fed_back(block: Block, middle: Ints, hidden: Ints) -> Ints:
    unit, root = normed(block.unit_norm, hidden)
    carry, shift = block.carries[1]
    carried = saturate(multiply_shift(middle, carry, shift) + block.down.bias)
    part = saturate(multiply_shift(_sums(block.down, unit), block.down.multiplier, PART_SHIFT))
    places = block.down.shift - (root & (1 << ROOT_PLACES) - 1)[:, None]
    added = saturate(round_shift(part * (root >> ROOT_PLACES)[:, None], places))
    return _clipped(saturate(carried + added), (block.end_norm or block.attention_norm).largest)


def _clipped(values: Ints, limit: int) -> Ints:
    clipped: Ints = np.clip(values, -limit, limit)
    return clipped


def angles_of(
    positions: Sequence[int], size: int, base: float = 10_000.0
) -> tuple[Annotated[Int64, "tokens pairs"], Annotated[Int64, "tokens pairs"]]:
    """Cosines and sines of rotary positions, with 15 bits after the point."""
    rates = base ** (-2 * np.arange(size // 2) / size)
    angles = np.asarray(positions, float)[:, None] * rates
    cos, sine = (np.rint(one * 2.0**ANGLE_SHIFT).astype(np.int64)
                 for one in (np.cos(angles), np.sin(angles)))
    return cos, sine
