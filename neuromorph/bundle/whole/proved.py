"""Nothing of a whole model is run before every constant is in range and every sum is proved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.block.numbers import Block, Code, Dense
from neuromorph.circuits.norm import Norm
from neuromorph.circuits.norm import check as check_norm
from neuromorph.circuits.transformer.numbers import Embedding, Head, Transformer, check
from neuromorph.errors import NetworkError, RangeProofError
from neuromorph.neurons.contract import NeuronModel
from neuromorph.neurons.gate import Gate
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.residual import Residual
from neuromorph.neurons.rotary import ANGLE_BITS, Rotary
from neuromorph.neurons.unit_residual import UnitResidual
from neuromorph.numerics.interval import rounded_up
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.translate.block.prove import prove_block

_ROWS = 4096
"""Of a head that are looked at at a time: a vocabulary is long."""


def proved(model: Transformer, where: str = "transformer") -> Transformer:
    """The transformer, if its parts fit, its neurons exist, and no sum of it leaves 24 bits.

    Parameters
    ----------
    model : Transformer
    where : str
        For messages.

    Raises
    ------
    NetworkError, TensorError, RangeProofError
    """
    check(model)
    for n, block in enumerate(model.blocks):
        name = f"{where}.blocks.{n}"
        for norm_name, norm in _norms_of(block):
            check_norm(norm, f"{name}.{norm_name}")
        for part, rows, neurons in _neurons_of(block):
            neurons.check(f"{name}.{part}", rows, "fixed")
        _check_limits(block, name)
        prove_block(block, name)
    _check_embedding(model.embedding, f"{where}.embedding")
    _check_head(model, f"{where}.head")
    for table in model.angles or ():
        _within(table, 1 << ANGLE_BITS, f"{where}.angles")
    return model


def _norms_of(block: Block) -> Iterator[tuple[str, Norm]]:
    for name in ("attention_norm", "mlp_norm", "unit_norm", "end_norm"):
        norm = getattr(block, name)
        if norm is not None:
            yield name, norm
    for role, own in block.head_norms.items():
        yield f"{role}_norm", own.norm


def _neurons_of(block: Block) -> Iterator[tuple[str, int, NeuronModel]]:
    """The neurons that a block's constants become, with how many of them there are."""
    for name, layer, code in (("query", block.query, block.query_code),
                              ("key", block.key, block.key_code),
                              ("value", block.value, block.value_code)):
        yield name, layer.outputs, _requantise(layer)
        yield f"{name}_code", layer.outputs, _turned(code)
    for role, own in block.head_norms.items():
        yield f"{role}_norm", block.size, Requantise(multiplier=np.abs(own.gain), shift=own.shift)
    for name, dense, kind, (carry, shift) in (
            ("output", block.output, Residual, block.carries[0]),
            ("down", block.down, UnitResidual, block.carries[1])):
        yield name, dense.outputs, kind(carry=carry, carry_shift=shift, bias=dense.bias,
                                        multiplier=dense.multiplier, shift=dense.shift)
    gate, up = block.gate, block.up
    second: dict[str, Any] = {} if up is None else {
        "up_multiplier": up.multiplier, "up_shift": up.shift, "up_bias": up.bias}
    yield "gate", gate.outputs, Gate(
        multiplier=gate.multiplier, shift=gate.shift, bias=gate.bias, **second,
        unit_bits=block.unit_bits, slope=block.activation.slope, cubic=block.activation.cubic,
        product_shift=block.product_shift, limit=block.hidden_limit)


def _requantise(layer: Dense) -> Requantise:
    return Requantise(multiplier=layer.multiplier, shift=layer.shift, bias=layer.bias)


def _turned(code: Code) -> Rotary:
    return Rotary(centre=code.centre, multiplier=code.multiplier, shift=code.shift,
                  limit=code.limit)


def _check_limits(block: Block, where: str) -> None:
    """Codes are not larger than what their heads are proved for."""
    head = block.heads[0]
    for name, code, limit in (("query", block.query_code, head.query_limit),
                              ("key", block.key_code, head.key_limit),
                              ("value", block.value_code, head.value_limit)):
        if code.limit > limit:
            raise RangeProofError("codes are larger than their heads are proved for",
                                  where=f"{where}.{name}_code", found=code.limit,
                                  expected=f"at most {limit}")


def _check_embedding(embedding: Embedding, where: str) -> None:
    if embedding.norm is not None:
        check_norm(embedding.norm, f"{where}.norm")
    Requantise(multiplier=embedding.multiplier, shift=embedding.shift).check(
        where, len(embedding.multiplier), "fixed")
    if embedding.positions is not None:
        _within(embedding.positions, STATE_MAX, f"{where}.positions")


def _within(values: NDArray[Any], most: int, where: str) -> None:
    if np.abs(values).max() > most:
        raise NetworkError("a constant is out of range", where=where,
                           found=int(np.abs(values).max()), expected=f"at most {most}")


def _check_head(model: Transformer, where: str) -> None:
    head = model.head
    if head.norm is not None:
        check_norm(head.norm, f"{where}.norm")
    if head.dense is not None:
        _requantise(head.dense).check(f"{where}.dense", head.dense.outputs, "fixed")
    heard = _tokens_heard(head, model, where)
    if heard * _largest(model) > STATE_MAX:
        raise RangeProofError("the sum of all tokens could leave 24 bits", where=where,
                              found=heard * _largest(model), expected=f"at most {STATE_MAX}",
                              hint="fewer positions, or smaller payloads of the last norm")
    if head.dense is None:
        return
    norm = _last_norm(model)
    if norm is None:
        raise RangeProofError("a layer of the head hears no norm, and nothing bounds its sums",
                              where=f"{where}.dense")
    row, length = _longest_row(head.dense.weights)
    bound = rounded_up(length * norm.longest * heard)
    if bound > STATE_MAX:
        raise RangeProofError("a sum could leave 24 bits", where=f"{where}.dense row {row}",
                              found=f"{bound}, {bound / STATE_MAX:.3f} times the room",
                              expected=f"at most {STATE_MAX}",
                              hint="smaller payloads of the norm, or smaller weights in this row")


def _tokens_heard(head: Head, model: Transformer, where: str) -> int:
    if head.read != "mean":
        return 1
    if model.positions is None:
        raise RangeProofError("the sum of as many tokens as one likes has no bound", where=where)
    return model.positions


def _last_norm(model: Transformer) -> Norm | None:
    return model.head.norm or model.blocks[-1].end_norm


def _largest(model: Transformer) -> int:
    norm = _last_norm(model)
    return STATE_MAX if norm is None else norm.limit


def _longest_row(weights: NDArray[Any]) -> tuple[int, float]:
    """The row of the largest 2-norm."""
    best = (0, 0.0)
    for start in range(0, len(weights), _ROWS):
        part = weights[start : start + _ROWS].astype(np.float64)
        lengths = np.sqrt(np.einsum("ij,ij->i", part, part))
        row = int(lengths.argmax())
        if lengths[row] > best[1]:
            best = start + row, float(lengths[row])
    return best
