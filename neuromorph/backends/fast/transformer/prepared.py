"""A transformer as compiled code wants it: tables of constants, and of where its weights are.

Weights stay where they are, if they are bytes: a mapped file is read as it is needed. Only those of
W_o are copied, one part after the other, so that each part is a row without gaps.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log2, sqrt
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.memory import padded
from neuromorph.backends.fast.transformer import tables as of
from neuromorph.backends.fast.transformer.memory import PAIR
from neuromorph.circuits.block.numbers import Block, Code, Dense, Ints
from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.circuits.latency_attention.emit import emission_of, lift_of
from neuromorph.circuits.norm import Norm, mean_constants
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.errors import NetworkError, RangeProofError
from neuromorph.neurons.contract import Parameter
from neuromorph.neurons.gate import NARROW, activation
from neuromorph.numerics import SIGNED_8
from neuromorph.numerics.limits import DECAY_UNITY

INT_MAX, SHORT_MAX = 2**31 - 1, 2**15 - 1

DUE_BITS = 20
"""Of what is divided by a ramp: thresholds have 17, and two ramps are added."""

CHUNK = 1 << 12
"""Rows of weights that are looked at together."""


class Prepared:
    """The tables of a model, and the arrays that their addresses are of.

    Parameters
    ----------
    model : Transformer

    Raises
    ------
    RangeProofError
        If a sum of a dense layer could leave 32 bits, or a head's codes or sums their room.
    """

    def __init__(self, model: Transformer) -> None:
        self.kept: list[NDArray[Any]] = []
        self.contexts = 0
        self._layers: list[list[int]] = []
        self._norms: list[list[int]] = []
        self._codes: list[list[int]] = []
        most = max(len(block.heads) for block in model.blocks)
        rows, heads = [], []
        said = model.embedding.norm
        for n, block in enumerate(model.blocks):
            where = f"transformer.blocks.{n}"
            rows.append(self._block(n, block, said, where))
            kinds = [*block.heads, *[block.heads[0]] * (most - len(block.heads))]
            heads.append([_head(head) for head in kinds])
            said = block.end_norm
        self.blocks, self.heads, self.most_heads = _table(rows), _table(heads), most
        self.head_norm, self.head_layer = self._head(model, said)
        self.embedding_norm = self._norm(model.embedding.norm)
        self.layers, self.norms, self.codes = map(_table, (self._layers, self._norms, self._codes))
        self.angles = [self._ints(table) for table in model.angles or ()] or [0, 0]
        self.weights = sum(array.size for array in self.kept if array.dtype == np.int8)

    def _block(self, n: int, block: Block, said: Norm | None, where: str) -> list[int]:
        _check_codes(block, where)
        row = [0] * of.BLOCK
        heard = _reach(said if said is not None else block.attention_norm)
        for place, norm in ((of.NORM_1, None if block.post else block.attention_norm),
                            (of.NORM_2, block.mlp_norm), (of.UNIT_NORM, block.unit_norm),
                            (of.END_NORM, block.end_norm)):
            row[place] = self._norm(norm)
        row[of.QUERY] = self._side_by_side(
            [block.query, block.key, block.value], heard, f"{where}.query, key, value")
        row[of.CONTEXT_AT], row[of.OUTPUT] = self._output(block, f"{where}.output")
        row[of.GATE] = self._side_by_side(
            [block.gate] if block.up is None else [block.gate, block.up], _reach(block.mlp_norm),
            f"{where}.gate, up")
        row[of.DOWN] = self._side_by_side([block.down], _reach(block.unit_norm), f"{where}.down")
        for place, (carry, shift) in ((of.CARRIES_1, block.carries[0]),
                                      (of.CARRIES_2, block.carries[1])):
            row[place], row[place + 1] = (self._each(one, block.width) for one in (carry, shift))
        row[of.ACTIVATION] = self._keep(_activation(block.unit_bits, *block.activation))
        row[of.NUMBER], row[of.TURNS], row[of.ROTARY] = n, block.turns, block.rotary
        row[of.GATED] = block.up is not None
        row[of.HEADS], row[of.GROUPS], row[of.HEAD_SIZE] = (len(block.heads), block.groups,
                                                            block.size)
        row[of.PRODUCT_SHIFT], row[of.HIDDEN_LIMIT] = block.product_shift, block.hidden_limit
        row[of.LIMIT_1] = block.mlp_norm.largest
        row[of.LIMIT_2] = (block.end_norm or block.attention_norm).largest
        row[of.WIDTH], row[of.HIDDEN] = block.width, block.hidden
        self._codes += [self._code(block, role) for role in ("query", "key", "value")]
        return row

    def _head(self, model: Transformer, said: Norm | None) -> tuple[int, int]:
        """Places of the head's norm and layer; -1 of what it has not, or NumPy does."""
        head = model.head
        heard = head.norm or said
        if head.read != "each" or head.dense is None or heard is None:
            return self._norm(head.norm), -1
        return self._norm(head.norm), self._side_by_side([head.dense], _reach(heard),
                                                         "transformer.head")

    def _norm(self, norm: Norm | None) -> int:
        if norm is None:
            return -1
        rungs = norm.ladder
        mean = mean_constants(norm.size) if norm.centred else (1, 1, 1)
        self._norms.append([norm.size, rungs.shift, rungs.threshold, rungs.least, rungs.least_shift,
                            norm.multiplier, norm.y_shift, norm.limit, norm.centred, *mean,
                            norm.largest])
        return len(self._norms) - 1

    def _side_by_side(self, layers: list[Dense], reach: tuple[int, int], where: str) -> int:
        """Layers that hear the same; the place of the first."""
        place, column = len(self._layers), 0
        for layer in layers:
            self._dense(layer, reach, where, 0, column)
            column += padded(layer.outputs, of.PANEL)
        return place

    def _dense(
        self, layer: Dense, reach: tuple[int, int], where: str, at: int, column: int
    ) -> None:
        """A layer of payloads up to a peak, whose 2-norm is up to a length."""
        weights = np.ascontiguousarray(layer.weights, np.int8)
        _prove(weights, *reach, where)
        self._layers.append([
            self._keep(weights), *weights.shape, at, int(reach[0] > SHORT_MAX),
            *(self._ints(one) for one in (layer.multiplier, layer.shift, layer.bias)), column])

    def _output(self, block: Block, where: str) -> tuple[int, int]:
        """Where contexts are put, and the place of the first part of W_o."""
        peak = max(emission_of(head).limit for head in block.heads)
        columns = np.arange(len(block.heads) * block.size)
        turns = columns % block.size % block.turns
        places, at, first = np.zeros(len(columns), np.int64), 0, len(self._layers)
        for turn in range(block.turns):
            mine = np.flatnonzero(turns == turn)
            places[mine] = at + np.arange(len(mine))
            part = Dense(block.output.weights[:, mine], block.output.multiplier,
                         block.output.shift, block.output.bias)
            self._dense(part, (peak, ceil(peak * sqrt(len(mine)))), where, at,
                        turn * padded(block.width, of.PANEL))
            at += padded(len(mine), PAIR)
        self.contexts = max(self.contexts, at)
        return self._ints(places), first

    def _code(self, block: Block, role: str) -> list[int]:
        code: Code = getattr(block, f"{role}_code")
        own = block.head_norms.get(role)
        normed = [-1, 0, 0] if own is None else [
            self._norm(own.norm), self._ints(own.gain), self._ints(own.shift)]
        return [*(self._ints(one) for one in (code.centre, code.multiplier, code.shift)),
                code.limit, block.x_limit(role), *normed]

    def _each(self, parameter: Parameter, size: int) -> int:
        return self._ints(np.broadcast_to(np.asarray(parameter), (size,)))

    def _ints(self, numbers: NDArray[Any]) -> int:
        if numbers.size and np.abs(numbers).max() > INT_MAX:
            raise NetworkError("a constant does not fit 32 bits", where="transformer",
                               found=int(np.abs(numbers).max()), expected=f"at most {INT_MAX}")
        return self._keep(np.ascontiguousarray(numbers, np.int32))

    def _keep(self, array: NDArray[Any]) -> int:
        self.kept.append(array)
        return int(array.ctypes.data)


def _table(rows: Any) -> NDArray[np.int64]:
    return np.array(rows, np.int64).ravel()


def _reach(norm: Norm) -> tuple[int, int]:
    """The largest number of a norm's payloads, and their greatest length."""
    return min(norm.limit, norm.longest), norm.longest


def _prove(weights: NDArray[np.int8], peak: int, length: int, where: str) -> None:
    """No sum leaves 32 bits: by the number of weights, or else by the weights themselves."""
    rows, columns = weights.shape
    if SIGNED_8 * columns * peak <= INT_MAX:
        return
    for row in range(0, rows, CHUNK):
        wide = weights[row : row + CHUNK].astype(np.int64)
        norms = np.sqrt((wide * wide).sum(axis=1)) * length
        found = int(np.minimum(np.abs(wide).sum(axis=1) * peak, norms).max(initial=0))
        if found > INT_MAX:
            raise RangeProofError("a sum of a dense layer could leave 32 bits", where=where,
                                  found=found, expected=f"at most {INT_MAX}",
                                  hint="smaller payloads of the norm before it")


def _check_codes(block: Block, where: str) -> None:
    for name, code, limits in (
            ("query_code", block.query_code, [head.query_limit for head in block.heads]),
            ("key_code", block.key_code, [head.key_limit for head in block.heads]),
            ("value_code", block.value_code, [head.value_limit for head in block.heads])):
        if code.limit > min(limits):
            raise NetworkError("codes are larger than a head's", where=f"{where}.{name}",
                               found=code.limit, expected=f"at most {min(limits)}")
    for head in block.heads:
        loudest = 2 * _payloads(head)[3]
        if max(loudest, head.window) > SHORT_MAX:
            raise NetworkError("payloads or steps of match neurons do not fit 16 bits",
                               where=f"{where}.heads", found=max(loudest, head.window),
                               expected=f"at most {SHORT_MAX}")


def _head(head: LatencyAttention) -> list[int]:
    """Numbers of a head, proved to fit.

    n / ramp = (n inverse) >> shift, exactly, for n of up to `DUE_BITS`.
    """
    emission = emission_of(prove_ranges(head))
    shift = DUE_BITS + ceil(log2(head.ramp))
    inverse = -(-(1 << shift) // head.ramp)
    span, gain, gain_shift, base, value_shift = _payloads(head)
    return [head.first_due, head.ramp, head.window, head.score_bound, head.threshold,
            head.key_shift, span, gain, gain_shift, base, base.bit_length() - 1, inverse, shift,
            head.slots, emission.multiplier, emission.shift, emission.limit,
            DECAY_UNITY - head.control_decay, head.unit, 1, value_shift]


def _payloads(head: LatencyAttention) -> tuple[int, int, int, int, int]:
    """Span, gain and its shift, and base of payloads; and how far their sums are shifted down.

    Plain spikes are payloads of 2 base, all alike: as much as their sums are shifted up.
    """
    if head.graded:
        return (head.payload_span, head.payload_gain, head.payload_gain_shift, head.payload_base,
                head.value_shift)
    lift = lift_of(head)
    return 1, 0, 1, 1 << max(lift - 1, 0), int(lift == 0)


@lru_cache
def _activation(unit_bits: int, slope: int, cubic: int) -> NDArray[np.int32]:
    """The activation of every number of 16 bits."""
    x: Ints = np.arange(-NARROW, NARROW + 1)
    return activation(x, unit_bits, slope, cubic).astype(np.int32)


_prepared: WeakKeyDictionary[Transformer, Prepared] = WeakKeyDictionary()


def prepared(model: Transformer) -> Prepared:
    """The tables of a model, made once."""
    found = _prepared.get(model)
    if found is None:
        found = _prepared[model] = Prepared(model)
    return found
