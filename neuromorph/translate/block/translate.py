"""From a trained block and text that went through it to the integers of a spiking block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neuromorph.circuits.block.numbers import Block, Ints
from neuromorph.circuits.hebbian_attention import WRITE_STEPS
from neuromorph.errors import CalibrationError, TensorError
from neuromorph.neurons.gate import SILU
from neuromorph.neurons.rotary import ANGLE_BITS
from neuromorph.numerics import quantise
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shown import Shown
from neuromorph.translate.block.attention import (
    Quantised,
    coded,
    codes_of,
    output_of,
    x_units,
)
from neuromorph.translate.block.correct import corrected
from neuromorph.translate.block.floats import FloatBlock, Floats, Trace
from neuromorph.translate.block.mlp import PRODUCT_SHIFT, mlp_of
from neuromorph.translate.block.norms import fitted_norm
from neuromorph.translate.block.options import BlockOptions
from neuromorph.translate.block.prove import prove_block
from neuromorph.translate.block.scales import carry_of, places_of


@dataclass(frozen=True, eq=False, repr=False)
class TranslatedBlock(Shown):
    """A block in integers, and what they stand for.

    Attributes
    ----------
    floats : FloatBlock
    block : Block
    places : tuple of three ints
        Bits after the point of R, R' and R''.
    units : mapping
        What a step of each row of ``query``, ``key``, ``value``, ``gate`` and ``up`` stands for.
    """

    floats: FloatBlock
    block: Block
    places: tuple[int, int, int]
    units: Mapping[str, Floats]

    def encode(self, stream: Floats) -> tuple[Ints, int]:
        """R of each token, and how many numbers did not fit 24 bits."""
        codes, cut = quantise(stream, 2.0 ** -self.places[0], STATE_MAX)
        return codes.astype(np.int64), cut

    def decode(self, end: Ints) -> Floats:
        """R'' of each token."""
        decoded: Floats = end * 2.0 ** -self.places[2]
        return decoded

    def angles(self, tokens: int) -> tuple[Ints, Ints]:
        """Cosines and sines of the first positions, with 15 bits after the point."""
        turns = np.outer(np.arange(tokens, dtype=np.float32),
                         self.floats.rotary.frequencies(self.floats.size))
        cosines, sines = (np.rint(part(turns) * 2.0**ANGLE_BITS).astype(np.int64)
                          for part in (np.cos, np.sin))
        return cosines, sines


def translate_block(
    floats: FloatBlock, streams: Sequence[Floats], options: BlockOptions | None = None,
    traces: Sequence[Trace] | None = None,
) -> TranslatedBlock:
    """The integers of a trained block, calibrated on text and proved.

    Parameters
    ----------
    floats : FloatBlock
    streams : sequence of float array, shape (tokens, width)
        Hidden states that enter it, one a sequence; other text than what will be measured.
    options : BlockOptions, optional
    traces : sequence of Trace, optional
        What the float block makes of them, if that is known.

    Raises
    ------
    CalibrationError
        If there is no text, or its numbers are not finite, or do not fit.
    RangeProofError
        Where a sum could leave 24 bits; nothing is emitted then.
    """
    options = options or BlockOptions()
    _check_streams(floats, streams)
    seen = list(traces) if traces is not None else [floats.run(stream) for stream in streams]
    places = (_places(floats, streams, options), _places(floats, [t.middle for t in seen], options),
              _places(floats, [t.end for t in seen], options))
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
    heard = floats.normed(np.concatenate(streams)) if options.compensate else None
    looked_at = np.concatenate([np.sqrt(t.attended.sum(axis=0)) for t in traces])[:, None]
    layers = {role: Quantised.of(floats.layers[role].behind(floats.attention_gain),
                                 heard if heard is None else heard * weight)
              for role, weight in (("query", 1.0), ("key", 1.0), ("value", looked_at))}
    norm = fitted_norm(floats.width, [layer.weights for layer in layers.values()], period,
                       f"{name}.attention_norm", epsilon=floats.epsilon * 4.0 ** places[0],
                       payload=options.payload)
    units = x_units(floats, traces, options.room)
    query, key, value = (layer.behind_norm(norm, units[role], f"{name}.{role}")
                         for role, layer in layers.items())
    query_code, key_code, value_code = codes_of(floats, code, units)
    contexts = np.concatenate([t.context for t in traces]) if options.compensate else None
    output, turns = output_of(floats, code, places[1], options.turns, contexts)
    mlp, of_mlp = mlp_of(floats, traces, period, places[1:], room=options.room,
                         fold=options.fold, payload=options.payload,
                         compensate=options.compensate)
    block = Block(
        attention_norm=norm, query=query, key=key, value=value, query_code=query_code,
        key_code=key_code, value_code=value_code, heads=code.heads, groups=floats.groups,
        rotary=True, turns=turns, output=output, activation=SILU, product_shift=PRODUCT_SHIFT,
        hidden_limit=STATE_MAX,
        carries=(carry_of(*places[:2]), carry_of(*places[1:])), **mlp._asdict())
    return block, places, units | of_mlp


def _places(floats: FloatBlock, streams: Sequence[Floats], options: BlockOptions) -> int:
    largest = max(float(np.abs(stream).max(initial=0)) for stream in streams)
    return places_of(largest, options.room, floats.name)


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
