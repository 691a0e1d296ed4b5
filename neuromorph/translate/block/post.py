"""Post-norm blocks: what is carried on is a norm's payloads, and the block ends in a norm."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, NamedTuple

from neuromorph.circuits.block.numbers import Block, Dense
from neuromorph.circuits.norm import Norm, norm_of
from neuromorph.errors import ModelStructureError
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Int64
from neuromorph.translate.block.float_norm import FloatNorm
from neuromorph.translate.block.floats import FloatBlock
from neuromorph.translate.block.quantised import payload_of, rounded
from neuromorph.translate.block.scales import multiplier_of


class Carried(NamedTuple):
    """Carry and shift of a residual, by neuron; and its layer, whose bias has the norm's."""

    carry: Annotated[Int64, "width"]
    shift: Annotated[Int64, "width"]
    layer: Dense


def carrying(
    floats: FloatBlock, last: FloatNorm, block: Block, places: tuple[int, int, int]
) -> Block:
    """The block as a post-norm one; its last norm is as long as the one before it.

    ::

        2^places h_j = MS(n_j; carry_j, shift_j) + bias_j        h = gain n + bias
    """
    first = _carried(floats.attention_norm, block.attention_norm, block.output, places[1],
                     f"{floats.name}.attention_norm")
    second = _carried(floats.mlp_norm, block.mlp_norm, block.down, places[2],
                      f"{floats.name}.mlp_norm")
    end = norm_of(block.width, payload_of(block.attention_norm), STATE_MAX, block.period,
                  epsilon=last.epsilon * 4.0 ** places[2], centred=last.centred)
    return replace(block, output=first.layer, down=second.layer,
                   carries=(first[:2], second[:2]),
                   end_norm=replace(end, limit=min(end.longest, STATE_MAX)))


def _carried(norm: FloatNorm, sent: Norm, layer: Dense, places: int, where: str) -> Carried:
    carry, shift = multiplier_of(norm.gain * 2.0**places / payload_of(sent), where)
    if norm.bias is None:
        return Carried(carry, shift, layer)
    return Carried(carry, shift, replace(
        layer, bias=layer.bias + rounded(norm.bias * 2.0**places)))


def check_gains(floats: FloatBlock) -> None:
    """Refuse a post-norm block with a negative gain: no carry has a sign.

    Raises
    ------
    ModelStructureError
    """
    for name in ("attention_norm", "mlp_norm") if floats.post else ():
        gain = getattr(floats, name).gain
        if (gain < 0).any():
            raise ModelStructureError("a post-norm block has a negative gain, which no carry has",
                                      where=f"{floats.name}.{name}", found=float(gain.min()),
                                      expected="at least 0")
