"""The MLP as integers: gate, up if there is one, the hidden vector as a unit vector, and W_d."""

from __future__ import annotations

from math import floor, log2
from typing import Annotated, NamedTuple

import numpy as np

from neuromorph.circuits.block.numbers import Dense
from neuromorph.circuits.norm import Norm
from neuromorph.errors import CalibrationError
from neuromorph.neurons.gate import NARROW, UNIT_MAX, UNIT_MIN
from neuromorph.neurons.rsqrt import ROOT_UNIT_BITS
from neuromorph.neurons.unit_residual import LEAST_SHIFT, PART_BITS
from neuromorph.numerics.limits import MULTIPLIER_MAX, PRODUCT_BITS, STATE_MAX
from neuromorph.shapes import Float64
from neuromorph.translate.block.float_norm import Floats
from neuromorph.translate.block.floats import FloatBlock, Trace
from neuromorph.translate.block.norms import SPARE, fitted_norm, norm_before
from neuromorph.translate.block.quantised import Quantised, rounded
from neuromorph.translate.block.scales import LEAST, multiplier_of, unit_of

PRODUCT_SHIFT = 7
"""Two numbers of 16 bits, times each other, are 24 bits."""


SHORT = 0.01
"""Of all hidden vectors, those that may be too short for their norm."""

COARSEST = 32.0
"""Root mean square of a unit vector's payloads that is left, however short hidden vectors are."""


class Mlp(NamedTuple):
    """Fields of a `Block` of these names."""

    mlp_norm: Norm
    gate: Dense
    up: Dense | None
    unit_norm: Norm
    down: Dense
    unit_bits: int


def mlp_of(
    floats: FloatBlock, traces: list[Trace], period: int, places: tuple[int, int], *,
    room: float, fold: float, payload: float | None = None, compensate: bool = True,
) -> tuple[Mlp, dict[str, Annotated[Float64, "_"]]]:
    """The MLP of a block, and what a step of gate and up stands for, a row.

    ::

        a_j     = 2^-unit_bits unit_j 2^7 a_int_j         unit_j: of up; it goes into W_d's columns
        a_j     = 2^-unit_bits a_int_j                    of a plain MLP
        ||a||   = root 2^E / 2^30 2^(rung / 2)            of a_int, as `Root` sends it

    Parameters
    ----------
    floats : FloatBlock
    traces : list of Trace
    period : int
    places : pair of int
        Bits after the point of R' and of R''.
    room, fold, payload, compensate
        As `BlockOptions` have them.

    Raises
    ------
    CalibrationError, RangeProofError
    """
    name, gated = floats.name, floats.up is not None
    middle, hidden = (np.concatenate([getattr(t, field) for t in traces])
                      for field in ("middle", "hidden"))
    heard = floats.mlp_norm.plain(middle) if compensate else None
    layers = {role: Quantised.of(floats.mlp_norm.folded(floats.layers[role]), heard)
              for role in ("gate", "up") if role in floats.layers}
    norm = norm_before(floats.mlp_norm, layers.values(), period, f"{name}.mlp_norm", places[0],
                       payload)
    bits = _unit_bits(max(float(t.gate.max(initial=0)) for t in traces), layers["gate"].bias, room,
                      name)
    columns = _up_units(traces, room, fold, layers["up"].bias) if gated else np.ones(
        hidden.shape[1])
    units = {"gate": np.full(len(columns), 2.0**-bits)} | ({"up": columns} if gated else {})
    a_places = bits - PRODUCT_SHIFT * gated
    down = Quantised.of(floats.down.behind(columns), of_length_one(hidden / columns)
                        if compensate else None)
    unit_norm = fitted_norm(len(columns), (down.weights,), period, f"{name}.unit_norm", root=True,
                            most=_usual_payload(hidden / columns * 2.0**a_places))
    rows = {role: layer.behind_norm(norm, units[role], f"{name}.{role}")
            for role, layer in layers.items()}
    return (Mlp(norm, rows["gate"], rows.get("up"), unit_norm,
                _down(down, unit_norm, a_places, places[1], f"{name}.down"),
                bits), units)


def _unit_bits(largest: float, bias: Floats, room: float, name: str) -> int:
    """Bits after the point of the gate; below 0 it may saturate, since nothing is left there.

    Its bias may not.
    """
    wide = max(largest, float(np.abs(bias).max(initial=0)))
    if wide > NARROW / 2**UNIT_MIN:
        raise CalibrationError("a gate does not fit 16 bits", where=f"{name}.gate",
                               found=f"{wide:.4g}", expected=f"at most {NARROW / 2**UNIT_MIN:g}",
                               hint="scale its weights down, and those of up or down up")
    wanted = floor(log2(NARROW / max(room * largest, wide, 2.0**-UNIT_MAX)))
    return min(max(wanted, UNIT_MIN), UNIT_MAX)


def _up_units(traces: list[Trace], room: float, fold: float, bias: Floats) -> Floats:
    """What a step of up stands for: as little as the room allows, times a hidden neuron's fold.

    That is rms^fold of what it is of a unit vector.
    """
    hidden = of_length_one(np.concatenate([t.hidden for t in traces]))
    rms = np.sqrt((hidden * hidden).mean(axis=0))
    rms = np.maximum(rms, max(LEAST, 1e-3 * float(rms.max())))
    up = np.concatenate([t.up for t in traces if t.up is not None])
    least = unit_of(up, room, NARROW, bias)
    units: Floats = rms**fold * (least / rms**fold).max()
    return units


def _usual_payload(hidden: Floats) -> float:
    """Root mean square of all but the shortest vectors: a payload of a norm is at most twice it."""
    usual = float(np.quantile(np.sqrt((hidden * hidden).mean(axis=1)), SHORT))
    return max(usual, COARSEST)


def of_length_one(vectors: Annotated[Float64, "rows size"]) -> Annotated[Float64, "rows size"]:
    """Each vector over its norm."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    over: Floats = vectors / np.maximum(lengths, LEAST)
    return over


def _down(rows: Quantised, norm: Norm, a_places: int, places: int, where: str) -> Dense:
    """Multiplier and shift of a `UnitResidual`: a sum times the first fits 24 bits.

    The hidden vector has ``a_places`` bits after the point.
    """
    lengths = np.linalg.norm(rows.weights.astype(np.float64), axis=1)
    room = SPARE * (STATE_MAX - 1) / np.maximum(lengths * norm.longest, 1)
    most = np.minimum(room * 2.0**PART_BITS, MULTIPLIER_MAX)
    a_unit = 2.0 ** (places - a_places) / norm.length
    root = 2.0 ** (norm.ladder.shift / 2 - ROOT_UNIT_BITS)
    multiplier, shift = multiplier_of(rows.scale * a_unit * root * 2.0**PART_BITS, where, most,
                                      (LEAST_SHIFT, PRODUCT_BITS - 1))
    return Dense(rows.weights, multiplier, shift, rounded(rows.bias * 2.0**places))
