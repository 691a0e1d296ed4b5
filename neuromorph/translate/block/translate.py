"""From a trained block and text that went through it to the integers of a spiking block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.hebbian_attention import WRITE_STEPS
from neuromorph.circuits.norm.build import CENTRED_MAX
from neuromorph.errors import CalibrationError, TensorError
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Float64
from neuromorph.translate.block.attention import coded, codes_of, output_of, x_units
from neuromorph.translate.block.correct import corrected
from neuromorph.translate.block.float_norm import FloatNorm, Floats
from neuromorph.translate.block.floats import FloatBlock, Trace
from neuromorph.translate.block.head_norms import head_norms_of
from neuromorph.translate.block.mlp import PRODUCT_SHIFT, mlp_of
from neuromorph.translate.block.norms import norm_before
from neuromorph.translate.block.options import BlockOptions
from neuromorph.translate.block.post import carrying, check_gains
from neuromorph.translate.block.prove import prove_block
from neuromorph.translate.block.quantised import Quantised
from neuromorph.translate.block.scales import carry_of, places_of
from neuromorph.translate.block.translated import TranslatedBlock

ENTRY_PLACES = 16
"""Bits after the point of what the norm before a post-norm block hears, if nobody says."""


def translate_block(
    floats: FloatBlock, streams: Sequence[Annotated[Float64, "_ width"]],
    options: BlockOptions | None = None, traces: Sequence[Trace] | None = None, *,
    entry: int | None = None,
) -> TranslatedBlock:
    """The integers of a trained block, calibrated on text and proved.

    A post-norm block ends in a norm whose payloads are as those of the one before it: `joined` and
    `TranslatedBlock.ended` give it the one that whoever hears it has room for.

    Parameters
    ----------
    floats : FloatBlock
    streams : sequence of float array, shape (tokens, width)
        Hidden states that enter it, one a sequence; other text than what will be measured.
    options : BlockOptions, optional
    traces : sequence of Trace, optional
        What the float block makes of them, if that is known.
    entry : int, optional
        Bits after the point of what it is sent; of a post-norm block, of what the norm before it
        hears: ``places[2]`` of the block before. Without it, as many as fit what was seen.

    Raises
    ------
    CalibrationError
        If there is no text, or its numbers are not finite, or do not fit.
    ModelStructureError
        If a post-norm block has a norm with a negative gain.
    RangeProofError
        Where a sum could leave 24 bits; nothing is emitted then.
    """
    options = options or BlockOptions()
    _check_streams(floats, streams)
    check_gains(floats)
    seen = list(traces) if traces is not None else [floats.run(stream) for stream in streams]
    places = (_entry(floats, streams, options) if entry is None else entry,
              _places(floats.mlp_norm, [t.middle for t in seen], options, floats.name),
              _places(floats.end_norm or floats.attention_norm, [t.total for t in seen], options,
                      floats.name))
    translated = TranslatedBlock(floats, *_block(floats, streams, seen, options, places))
    prove_block(translated.block, floats.name)
    return corrected(translated, streams, seen) if options.correct else translated


def _block(
    floats: FloatBlock, streams: Sequence[Floats], traces: list[Trace], options: BlockOptions,
    places: tuple[int, int, int],
) -> tuple[Block, tuple[int, int, int], dict[str, Floats]]:
    name = floats.name
    code = coded(floats, traces, options.attention)
    period = WRITE_STEPS + max(head.period for head in code.heads)
    heard = floats.heard(np.concatenate(streams)) if options.compensate else None
    looked_at = np.concatenate([np.sqrt(t.attended.sum(axis=0)) for t in traces])[:, None]
    layers = {role: Quantised.of(floats.attention_norm.folded(floats.layers[role]),
                                 heard if heard is None else heard * weight)
              for role, weight in (("query", 1.0), ("key", 1.0), ("value", looked_at))}
    norm = norm_before(floats.attention_norm, layers.values(), period, f"{name}.attention_norm",
                       places[0], options.payload)
    units = x_units(floats, layers, traces, options.room)
    query, key, value = (layer.behind_norm(norm, units[role], f"{name}.{role}")
                         for role, layer in layers.items())
    head_norms, coded_units = head_norms_of(floats, units, period)
    query_code, key_code, value_code = codes_of(floats, code, coded_units)
    contexts = np.concatenate([t.context for t in traces]) if options.compensate else None
    output, turns = output_of(floats, code, places[1], options.turns, contexts)
    mlp, of_mlp = mlp_of(floats, traces, period, places[1:], room=options.room,
                         fold=options.fold, payload=options.payload,
                         compensate=options.compensate)
    block = Block(
        attention_norm=norm, query=query, key=key, value=value, query_code=query_code,
        key_code=key_code, value_code=value_code, heads=code.heads, groups=floats.groups,
        rotary=floats.rotary is not None, turns=turns, output=output,
        activation=floats.activation.numbers, product_shift=PRODUCT_SHIFT,
        hidden_limit=STATE_MAX, carries=(carry_of(*places[:2]), carry_of(*places[1:])),
        query_norm=head_norms.get("query"), key_norm=head_norms.get("key"), **mlp._asdict())
    block = block if floats.end_norm is None else carrying(floats, floats.end_norm, block, places)
    return block, places, units | of_mlp


def _entry(floats: FloatBlock, streams: Sequence[Floats], options: BlockOptions) -> int:
    if floats.post:
        return ENTRY_PLACES
    return _places(floats.attention_norm, streams, options, floats.name)


def _places(
    heard_by: FloatNorm, streams: Sequence[Floats], options: BlockOptions, name: str
) -> int:
    """Of a stream, which a layer norm needs a bit of."""
    largest = max(float(np.abs(stream).max(initial=0)) for stream in streams)
    return places_of(largest, options.room, name, CENTRED_MAX if heard_by.centred else STATE_MAX)


def _check_streams(floats: FloatBlock, streams: Sequence[Floats]) -> None:
    if not len(streams):
        raise CalibrationError("there is no calibration data", where=floats.name,
                               hint="give at least one sequence")
    for stream in streams:
        if stream.ndim != 2 or stream.shape[1] != floats.width or not len(stream):
            raise TensorError("a hidden state has the wrong shape", where=floats.name,
                              found=stream.shape, expected=f"(tokens, {floats.width})")
        if not np.isfinite(stream).all():
            raise CalibrationError("the hidden states hold NaN or infinity", where=floats.name,
                                   hint="check the model's weights and inputs")
