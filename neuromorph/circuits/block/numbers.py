"""The integers of one transformer block: all weights and constants, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.timeline import Timeline
from neuromorph.circuits.hebbian_attention import WRITE_STEPS
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.norm import Norm
from neuromorph.errors import NetworkError
from neuromorph.neurons.contract import Parameter
from neuromorph.neurons.gate import Activation
from neuromorph.numerics import SIGNED_8
from neuromorph.numerics.limits import MULTIPLIER_MAX, STATE_MAX
from neuromorph.shapes import Int64, Num
from neuromorph.shown import Shown

Ints = NDArray[np.int64]

X_LIMIT = 2**15 - 1
"""Queries, keys and values before they are codes have 16 bits."""


@dataclass(frozen=True, eq=False, repr=False)
class Dense(Shown):
    """A dense layer, and the constants of the neurons behind it.

    ::

        y_i = MS(sum_j weights_ij x_j; multiplier_i, shift_i) + bias_i

    Attributes
    ----------
    weights : int array, shape (outputs, inputs)
        -127 to 127.
    multiplier, shift, bias : int array, shape (outputs,)
        0 to 65535; 1 to 40; of a size that its neurons hold.
    """

    weights: Annotated[Num, "outputs inputs"]
    multiplier: Annotated[Int64, "outputs"]
    shift: Annotated[Int64, "outputs"]
    bias: Annotated[Int64, "outputs"]

    @property
    def outputs(self) -> int:
        """Number of rows."""
        return len(self.weights)


@dataclass(frozen=True, eq=False, repr=False)
class Code(Shown):
    """How numbers become codes: MS(x - centre; multiplier, shift), clipped; arrays by neuron."""

    centre: Annotated[Int64, "size"]
    multiplier: Annotated[Int64, "size"]
    shift: Annotated[Int64, "size"]
    limit: int


@dataclass(frozen=True, eq=False, repr=False)
class HeadNorm(Shown):
    """The norm of each head's query or key, and the gain that all heads share.

    ::

        n   = x / ||x||                                       of each head, by ``norm``
        y_j = clip(sign(gain_j) MS(n_j; |gain_j|, shift_j))   16 bits

    Attributes
    ----------
    norm : Norm
        An RMS norm of a head's numbers; as many side by side as there are heads.
    gain, shift : int array, shape (size,)
        -65535 to 65535; 1 to 40.
    """

    norm: Norm
    gain: Annotated[Int64, "size"]
    shift: Annotated[Int64, "size"]

    @property
    def steps(self) -> int:
        """Steps that numbers take to be normed: one for the gain."""
        return self.norm.h_at + 1


@dataclass(frozen=True, eq=False, repr=False)
class Block(Shown):
    """One transformer block in integers, pre-norm or post-norm.

    ::

        h   = norm(R)                                    RMS norm
        q, k, v = W_q h, W_k h, W_v h                    16 bits
        q, k = gain q / ||q||, gain k / ||k||            of each head, if there are such norms
        q, k rotated                                     if ``rotary``
        c   = softmax attention of their codes           by each head, of the last ``slots`` tokens
        R'  = carry R + W_o c
        h'  = norm(R')
        a   = activation(W_g h') * (W_u h'), or of W_g h' alone
        R'' = carry R' + ||a|| W_d (a / ||a||)

    A post-norm block is sent h itself, and sends norm(R''); what is carried on is h, and h'.

    Attributes
    ----------
    attention_norm : Norm
        Of a post-norm block the one before it, which is another's.
    mlp_norm, unit_norm : Norm
        The last sends a unit vector, and its norm.
    end_norm : Norm or None
        Of a post-norm block, behind its MLP.
    query_norm, key_norm : HeadNorm or None
        Both, or none.
    rest : int
        Steps of a period in which nothing happens: where a block of the same model is busier.
    query, key, value : Dense
        heads * size, groups * size and groups * size rows.
    query_code, key_code, value_code : Code
    heads : tuple of LatencyAttention
        One a query head, with their own ramps and windows.
    groups : int
        Key and value heads; each serves heads / groups query heads.
    rotary : bool
        Whether queries and keys are turned by angles; the first half of a head's numbers pairs
        with the second.
    turns : int
        Parts in which W_o adds up contexts.
    output : Dense
        Behind the contexts of all heads, side by side.
    gate : Dense
    up : Dense or None
        None: a plain activation.
    activation : Activation
    unit_bits, product_shift, hidden_limit : int
        Of `Gate`.
    down : Dense
        With a multiplier of 15 bits after the point, and a shift of `UnitResidual`.
    carries : pair of (int or int array, int or int array)
        Carry and its shift, of both residuals: one number, or one a neuron.
    """

    attention_norm: Norm
    mlp_norm: Norm
    unit_norm: Norm
    query: Dense
    key: Dense
    value: Dense
    query_code: Code
    key_code: Code
    value_code: Code
    heads: tuple[LatencyAttention, ...]
    groups: int
    rotary: bool
    turns: int
    output: Dense
    gate: Dense
    up: Dense | None
    activation: Activation
    unit_bits: int
    product_shift: int
    hidden_limit: int
    down: Dense
    carries: tuple[tuple[Parameter, Parameter], tuple[Parameter, Parameter]]
    end_norm: Norm | None = None
    query_norm: HeadNorm | None = None
    key_norm: HeadNorm | None = None
    rest: int = 0

    @property
    def post(self) -> bool:
        """Whether norms come behind what they norm."""
        return self.end_norm is not None

    @property
    def timeline(self) -> Timeline:
        """When who speaks."""
        return Timeline(0 if self.post else self.attention_norm.h_at,
                        self.query_norm.steps if self.query_norm else 0, self.mlp_norm.h_at,
                        self.busy, self.turns, self.unit_norm.h_at, self.unit_norm.y_at,
                        self.end_norm.h_at if self.end_norm else 0)

    @property
    def width(self) -> int:
        """Numbers of the residual stream."""
        return self.attention_norm.size

    @property
    def hidden(self) -> int:
        """Neurons of the MLP."""
        return self.unit_norm.size

    @property
    def slots(self) -> int:
        """Tokens that a head remembers."""
        return self.heads[0].slots

    @property
    def size(self) -> int:
        """Numbers of a head's query, key and value."""
        return self.heads[0].key_size

    @property
    def window(self) -> int:
        """The longest of all heads'."""
        return max(head.window for head in self.heads)

    @property
    def busy(self) -> int:
        """Steps in which the busiest head writes a token and answers."""
        return WRITE_STEPS + max(head.period for head in self.heads)

    @property
    def period(self) -> int:
        """Steps from one token to the next."""
        return self.busy + self.rest

    @property
    def head_norms(self) -> dict[str, HeadNorm]:
        """Those of queries and keys, if there are any."""
        norms = {"query": self.query_norm, "key": self.key_norm}
        return {role: norm for role, norm in norms.items() if norm is not None}

    def x_limit(self, role: str) -> int:
        """Largest number of queries, keys or values; a norm takes all 24 bits."""
        return STATE_MAX if role in self.head_norms else X_LIMIT

    def group_of(self, head: int) -> int:
        """Which keys and values a query head looks at."""
        return head * self.groups // len(self.heads)


def with_period(block: Block, period: int) -> Block:
    """The block, with a token every so many steps; its integers stay as they are.

    Raises
    ------
    NetworkError
        If it is busy for longer.
    """
    if period < block.busy:
        raise NetworkError("a block is busy for longer than a period", where="block",
                           found=period, expected=f"at least {block.busy} steps")
    norms = {name: replace(norm, period=period) for name in (
        "attention_norm", "mlp_norm", "unit_norm", "end_norm")
        if (norm := getattr(block, name)) is not None}
    query, key = (own and replace(own, norm=replace(own.norm, period=period))
                  for own in (block.query_norm, block.key_norm))
    return replace(block, rest=period - block.busy, query_norm=query, key_norm=key, **norms)


def check(block: Block) -> Block:
    """The block, if its parts fit each other.

    Raises
    ------
    NetworkError
    """
    _check_counts(block)
    _check_layers(block)
    _check_codes(block)
    if len(block.heads) % block.groups:
        raise NetworkError("query heads do not share keys evenly", where="block",
                           found=f"{len(block.heads)} heads, {block.groups} groups")
    if block.rotary and block.size % 2:
        raise NetworkError("a head of an odd size has no pairs to turn", where="block",
                           found=block.size)
    _check_norms(block)
    _check_head_norms(block)
    return block


def _check_counts(block: Block) -> None:
    for what, found in (("heads", len(block.heads)), ("groups", block.groups),
                        ("turns", block.turns)):
        if found < 1:
            raise NetworkError(f"a block has no {what}", where="block", found=found,
                               expected="at least 1")
    if block.slots < 1:
        raise NetworkError("a block remembers no token", where="block",
                           found=f"{block.slots} slots", expected="at least 1")
    if len(block.carries) != 2:
        raise NetworkError("both residuals have a carry", where="block.carries",
                           found=len(block.carries), expected=2)


def _check_layers(block: Block) -> None:
    heads, size, d = len(block.heads), block.size, block.width
    wanted = {
        "query": (block.query, heads * size, d), "key": (block.key, block.groups * size, d),
        "value": (block.value, block.groups * size, d),
        "output": (block.output, d, heads * size), "gate": (block.gate, block.hidden, d),
        "down": (block.down, d, block.hidden)}
    if block.up is not None:
        wanted["up"] = block.up, block.hidden, d
    for name, (dense, rows, columns) in wanted.items():
        weights = np.asarray(dense.weights)
        if weights.shape != (rows, columns):
            raise NetworkError("a layer has the wrong shape", where=f"block.{name}",
                               found=weights.shape, expected=f"{(rows, columns)}")
        if weights.dtype.kind not in "iu":
            raise NetworkError("weights of a layer are no integers", where=f"block.{name}",
                               found=weights.dtype, expected="any type of integers")
        most = max(abs(int(end)) for end in (weights.min(initial=0), weights.max(initial=0)))
        if most > SIGNED_8:
            raise NetworkError("a weight does not fit 8 bits", where=f"block.{name}",
                               found=most, expected=SIGNED_8)


def _check_codes(block: Block) -> None:
    for name, code, layer in (("query", block.query_code, block.query),
                              ("key", block.key_code, block.key),
                              ("value", block.value_code, block.value)):
        for what, numbers in (("centre", code.centre), ("multiplier", code.multiplier),
                              ("shift", code.shift)):
            if np.shape(numbers) != (layer.outputs,):
                raise NetworkError(f"a {what} is not one a neuron", where=f"block.{name}_code",
                                   found=f"shape {np.shape(numbers)}",
                                   expected=f"({layer.outputs},)")


def _check_norms(block: Block) -> None:
    norms = [block.attention_norm, block.mlp_norm, block.end_norm]
    for norm in (norm for norm in norms if norm is not None):
        if norm.size != block.width or norm.period != block.period:
            raise NetworkError("a norm is of another block", where="block",
                               found=f"{norm.size} numbers, {norm.period} steps",
                               expected=f"{block.width} numbers, {block.period} steps")
    if block.unit_norm.period != block.period or not block.unit_norm.root:
        raise NetworkError("the unit vector's norm is of another block, or sends no root",
                           where="block", found=f"{block.unit_norm.period} steps",
                           expected=f"{block.period} steps")


def _check_head_norms(block: Block) -> None:
    if len(block.head_norms) == 1:
        raise NetworkError("queries and keys are both normed, or neither", where="block",
                           found=f"a norm of each {next(iter(block.head_norms))} alone")
    for (role, own), heads in zip(block.head_norms.items(), (len(block.heads), block.groups),
                                  strict=False):
        where, norm, wanted = f"block.{role}_norm", own.norm, (heads, block.size, block.period)
        if (norm.heads, norm.size, norm.period) != wanted:
            raise NetworkError("a head's norm is of another block", where=where,
                               found=f"{norm.heads} of {norm.size} numbers, {norm.period} steps",
                               expected="{} of {} numbers, {} steps".format(*wanted))
        if norm.centred:
            raise NetworkError("a layer norm of queries and keys has no circuit", where=where,
                               expected="an RMS norm")
        if np.shape(own.gain) != (block.size,) or np.shape(own.shift) != (block.size,):
            raise NetworkError("a gain is not one a number of a head", where=where,
                               found=f"shapes {np.shape(own.gain)}, {np.shape(own.shift)}",
                               expected=f"({block.size},)")
        if np.abs(own.gain).max() > MULTIPLIER_MAX:
            raise NetworkError("a gain does not fit 16 bits and a sign", where=where,
                               found=int(np.abs(own.gain).max()), expected=MULTIPLIER_MAX)
