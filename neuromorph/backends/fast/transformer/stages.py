"""What one token becomes between dense layers: codes, the residual stream, the gated hidden."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.fast.lanes import beyond
from neuromorph.backends.fast.transformer.attention import key_place, value_place
from neuromorph.backends.fast.transformer.calls import part
from neuromorph.backends.fast.transformer.memory import bytes_at, ints_at
from neuromorph.backends.fast.transformer.norm import normed_heads
from neuromorph.backends.fast.transformer.scalars import clip, multiply_shift, round_shift, saturate
from neuromorph.backends.fast.transformer.tables import (
    ACTIVATION,
    BIASES,
    C_CODE,
    C_GATE,
    C_HIDDEN,
    C_STREAM,
    C_X,
    CARRIES_1,
    CARRIES_2,
    CARRY_SHIFTS_1,
    CARRY_SHIFTS_2,
    CENTRES,
    CODE,
    CODE_LIMIT,
    CODE_MULTIPLIERS,
    CODE_SHIFTS,
    COLUMN,
    GATED,
    GROUPS,
    HEAD_SIZE,
    HEADS,
    HIDDEN,
    HIDDEN_LIMIT,
    LAYER,
    LIMIT_1,
    LIMIT_2,
    MULTIPLIERS,
    OUTPUTS,
    OWN_NORM,
    PANEL,
    PRODUCT_SHIFT,
    ROTARY,
    S_HIDDEN,
    S_KEY,
    S_QUERY,
    S_VALUE,
    SHIFTS,
    TURNS,
    WIDTH,
    X_LIMIT,
)
from neuromorph.circuits.block.closed_form import ANGLE_SHIFT, PART_SHIFT, ROOT_PLACES
from neuromorph.neurons.gate import NARROW


@part
def _scale(layer: Any, sums: Any, limit: int) -> Any:
    """x in place of the sums of a layer; how many are cut off."""
    multipliers, shifts, biases = (ints_at(layer[MULTIPLIERS]), ints_at(layer[SHIFTS]),
                                   ints_at(layer[BIASES]))
    cut = np.int64(0)
    for i in range(layer[OUTPUTS]):
        x = multiply_shift(np.int64(sums[i]), np.int64(multipliers[i]), np.int64(shifts[i]))
        x += biases[i]
        kept = clip(x, limit)
        sums[i] = np.int32(kept)
        cut += kept != x
    return cut


@part
def _turn(x: Any, heads: int, size: int, cosines: Any, sines: Any) -> None:
    """Pairs of each head's numbers, turned by the token's angles."""
    half = size // 2
    for head in range(heads):
        one, other = beyond(x, head * size), beyond(x, head * size + half)
        for i in range(half):
            a, b, c, s = (np.int64(one[i]), np.int64(other[i]), np.int64(cosines[i]),
                          np.int64(sines[i]))
            one[i] = np.int32((a * c - b * s) >> ANGLE_SHIFT)
            other[i] = np.int32((b * c + a * s) >> ANGLE_SHIFT)


@part
def _code(code: Any, x: Any, size: int, plain: bool, counts: Any, speaker: int) -> None:
    """Codes in place of x; without angles a centre is scaled by itself."""
    centres, multipliers, shifts = (ints_at(code[CENTRES]), ints_at(code[CODE_MULTIPLIERS]),
                                    ints_at(code[CODE_SHIFTS]))
    limit, spikes, cut = code[CODE_LIMIT], np.int64(0), np.int64(0)
    for i in range(size):
        m, s, centre = np.int64(multipliers[i]), np.int64(shifts[i]), np.int64(centres[i])
        if plain:
            coded = multiply_shift(np.int64(x[i]), m, s) - multiply_shift(centre, m, s)
        else:
            coded = multiply_shift(saturate(np.int64(x[i]) - centre), m, s)
        sent = clip(coded, limit)
        x[i] = np.int32(sent)
        spikes += sent != 0
        cut += sent != coded
    counts[speaker] += spikes
    counts[C_CODE] += cut


@part
def code_token(
    block: Any, query: Any, codes: Any, norms: Any, sums: Any, cosines: Any, sines: Any,
    asked: Any, keys: int, values: int, slot: int, capacity: int, columns: int, counts: Any,
) -> None:
    """From sums of query, key and value to what is asked, and to a slot of both rings."""
    heads, groups, size = block[HEADS], block[GROUPS], block[HEAD_SIZE]
    key, value = beyond(query, LAYER), beyond(query, 2 * LAYER)
    x_key, x_value = beyond(sums, key[COLUMN]), beyond(sums, value[COLUMN])
    key_code, value_code = beyond(codes, CODE), beyond(codes, 2 * CODE)
    counts[C_X] += (_scale(query, sums, codes[X_LIMIT]) + _scale(key, x_key, key_code[X_LIMIT])
                    + _scale(value, x_value, value_code[X_LIMIT]))
    if codes[OWN_NORM] >= 0:
        normed_heads(codes, norms, sums, heads, counts)
        normed_heads(key_code, norms, x_key, groups, counts)
    if block[ROTARY]:
        _turn(sums, heads, size, cosines, sines)
        _turn(x_key, groups, size, cosines, sines)
    plain = block[ROTARY] == 0
    _code(codes, sums, heads * size, plain, counts, S_QUERY)
    _code(key_code, x_key, groups * size, plain, counts, S_KEY)
    _code(value_code, x_value, groups * size, False, counts, S_VALUE)
    padded = (size + 1) // 2 * 2
    for head in range(heads):
        for i in range(size):
            asked[head * padded + i] = np.int16(sums[head * size + i])
    ring, store = bytes_at(keys), bytes_at(values)
    for group in range(groups):
        for i in range(size):
            ring[key_place(group, slot, i, capacity, size)] = np.int8(x_key[group * size + i])
            store[value_place(group, slot, i, capacity, columns)] = np.int8(
                x_value[group * size + i])


@part
def attended(
    block: Any, output: Any, stream: Any, sums: Any, counts: Any, speaker: int
) -> None:
    """R' in place of R: what is carried, and the parts of W_o one after the other."""
    carries, carry_shifts = ints_at(block[CARRIES_1]), ints_at(block[CARRY_SHIFTS_1])
    multipliers, shifts, biases = (ints_at(output[MULTIPLIERS]), ints_at(output[SHIFTS]),
                                   ints_at(output[BIASES]))
    limit, spikes, cut, turns = block[LIMIT_1], np.int64(0), np.int64(0), block[TURNS]
    turn_stride = (block[WIDTH] + PANEL - 1) // PANEL * PANEL
    for i in range(block[WIDTH]):
        carried = multiply_shift(np.int64(stream[i]), np.int64(carries[i]),
                                 np.int64(carry_shifts[i])) + biases[i]
        stream[i] = np.int32(saturate(carried))
    for turn in range(turns):
        part_of = beyond(sums, turn * turn_stride)
        for i in range(block[WIDTH]):
            out = np.int64(stream[i]) + multiply_shift(
                np.int64(part_of[i]), np.int64(multipliers[i]), np.int64(shifts[i]))
            kept = saturate(out)
            stream[i] = np.int32(kept)
            cut += kept != out
    for i in range(block[WIDTH]):
        out = np.int64(stream[i])
        sent = clip(out, limit)
        stream[i] = np.int32(sent)
        spikes += sent != 0
        cut += sent != out
    counts[speaker] += spikes
    counts[C_STREAM] += cut


@part
def gated(block: Any, gate: Any, sums: Any, counts: Any) -> None:
    """The activation of one sum times the other, in place of the first."""
    table, shift, limit = ints_at(block[ACTIVATION]), block[PRODUCT_SHIFT], block[HIDDEN_LIMIT]
    cut = _scale(gate, sums, NARROW)
    up = beyond(gate, LAYER)
    other = beyond(sums, (block[HIDDEN] + PANEL - 1) // PANEL * PANEL)
    if block[GATED]:
        cut += _scale(up, other, NARROW)
    else:
        for i in range(block[HIDDEN]):
            other[i] = np.int32(min(1 << shift, NARROW))
    spikes, beyond_limit = np.int64(0), np.int64(0)
    for i in range(block[HIDDEN]):
        product = round_shift(np.int64(table[NARROW + sums[i]]) * np.int64(other[i]), shift)
        sent = clip(product, limit)
        sums[i] = np.int32(sent)
        spikes += sent != 0
        beyond_limit += sent != product
    counts[S_HIDDEN] += spikes
    counts[C_GATE] += cut
    counts[C_HIDDEN] += beyond_limit


@part
def fed_back(
    block: Any, down: Any, stream: Any, sums: Any, root: int, counts: Any, speaker: int
) -> None:
    """R'' in place of R': what is carried, and the norm times what its unit vector made."""
    carries, carry_shifts = ints_at(block[CARRIES_2]), ints_at(block[CARRY_SHIFTS_2])
    multipliers, shifts, biases = (ints_at(down[MULTIPLIERS]), ints_at(down[SHIFTS]),
                                   ints_at(down[BIASES]))
    factor, exponent = root >> ROOT_PLACES, root & ((1 << ROOT_PLACES) - 1)
    limit, spikes, cut = block[LIMIT_2], np.int64(0), np.int64(0)
    for i in range(block[WIDTH]):
        carried = saturate(multiply_shift(np.int64(stream[i]), np.int64(carries[i]),
                                          np.int64(carry_shifts[i])) + biases[i])
        part = saturate(multiply_shift(np.int64(sums[i]), np.int64(multipliers[i]), PART_SHIFT))
        added = round_shift(part * factor, np.int64(shifts[i]) - exponent)
        whole = carried + saturate(added)
        sent = clip(whole, limit)
        stream[i] = np.int32(sent)
        spikes += sent != 0
        cut += (sent != whole) | (added != saturate(added))
    counts[speaker] += spikes
    counts[C_STREAM] += cut
