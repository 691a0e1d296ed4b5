"""From a network of floats to one of Loihi's integers: a scale for each population."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph import numerics
from neuromorph.compile.ranges.neurons import largest_push
from neuromorph.errors import UnsupportedError
from neuromorph.network import CubaLIF, Network, Population, Projection, verify
from neuromorph.numerics.limits import (
    DECAY_UNITY,
    INPUT_SHIFT,
    STATE_MAX,
)
from neuromorph.numerics.registers import LOIHI, Registers
from neuromorph.shown import Shown

UNIT = 1 << INPUT_SHIFT
"""Units of the potential per unit of synaptic input."""

ROOM = 16
"""Thresholds, or largest weights, that inhibition may push a potential down before it stops."""

SMALLEST, LARGEST = 1e-100, 1e100
"""Between these, sums, scales and their products are finite floats."""

SAMPLES = 512
"""Weights that a scale is tried on: more than a mantissa has values, so that none are exact."""

NOISE = 1e-12
"""Relative error of a few products of floats, and more."""


@dataclass(frozen=True, eq=False, repr=False)
class Quantised(Shown):
    """A network of integers, and how far it is from the floats that it was made of.

    Attributes
    ----------
    network : Network
        Of the fixed domain.
    scales : mapping of population name to float
        Units of synaptic input per 1.0 of float potential; no entry for sources.
    errors : mapping of projection name to float
        Largest rounding error of a weight, relative to the projection's largest weight.
    parameter_errors : mapping of population name to float
        Largest relative rounding error of du, dv, vth and bias.
    """

    network: Network
    scales: Mapping[str, float]
    errors: Mapping[str, float]
    parameter_errors: Mapping[str, float]


class _Synapses(NamedTuple):
    """A projection's weights as floats, and the mantissas -levels..levels times ``step``."""

    name: str
    weights: NDArray[np.float64]
    largest: float
    samples: NDArray[np.float64]
    step: int
    levels: int


def quantise(network: Network, registers: Registers = LOIHI) -> Quantised:
    """A float network of sources and LIF neurons in Loihi's integers.

    ::

        W s = mantissa 2^exponent    vth s = threshold    64 bias s = bias_mant 2^bias_exp
        4096 du, 4096 dv             each rounded, the threshold down

    Each population has one scale s, and each projection the least exponent that holds its
    weights. Of the scales that put the largest weight of any projection on a mantissa, and the
    powers of two, that one is taken whose worst rounding error, relative to the largest weight
    of its projection, is least. So numbers that fit exactly stay exact. A scale as large as the
    widths allow keeps the truncation of decays small; where a population is inhibited, its
    potential gets room below, unless the weights need those bits.

    Parameters
    ----------
    network : Network
        Static, of Source (without payload) and CubaLIF populations, vth of at least 0. A fixed
        network is returned as it is, with no scales or errors.
    registers : Registers
        What thresholds, biases, weights and exponents must fit, where it is narrower than Loihi's.

    Returns
    -------
    Quantised
        Of Loihi's registers mantissas -255..255, where a projection's weights have both signs even
        ones -254..254; exponents 0 to 7. Names, delays and schedule are kept, parts are not. The
        network takes the same spikes, as integers.

    Raises
    ------
    NetworkError
        If the network is not sound: see `verify`.
    UnsupportedError
        For payloads, plasticity, other neurons, and numbers that integers cannot hold.
    """
    verify(network)
    if network.domain == "fixed":
        return Quantised(network, {}, {}, {})
    for projection in network.projections:
        _check_static(projection)
    registers = registers.within(LOIHI)
    synapses = {p.name: _synapses(p, registers) for p in network.projections}
    scales: dict[str, float] = {}
    for p in network.populations:
        if isinstance(p.model, CubaLIF):
            afferent = [synapses[q.name] for q in network.projections_to(p.name)]
            scales[p.name] = _scale(p.name, p.model, afferent, registers)
        else:
            _check_source(p)
    return _built(network, synapses, scales, registers)


def _built(
    network: Network, synapses: Mapping[str, _Synapses], scales: Mapping[str, float],
    registers: Registers,
) -> Quantised:
    """The network of these scales, and what rounding did to it."""
    populations, parameter_errors = [], {}
    for p in network.populations:
        if isinstance(p.model, CubaLIF):
            fixed = _lif(p.name, p.model, scales[p.name], registers)
            parameter_errors[p.name] = _parameter_error(p.model, fixed, scales[p.name])
            p = replace(p, model=fixed)  # noqa: PLW2901 - the same population, in integers
        populations.append(p)
    errors = {p.name: _error(synapses[p.name], synapses[p.name].weights, scales[p.post])
              for p in network.projections}
    projections = [_projection(p, synapses[p.name], scales[p.post]) for p in network.projections]
    fixed_network = replace(network, domain="fixed", populations=tuple(populations),
                            projections=tuple(projections), parts=())
    return Quantised(verify(fixed_network), scales, errors, parameter_errors)


# --- what cannot be translated


def _check_static(projection: Projection) -> None:
    if projection.rule is not None:
        raise UnsupportedError("a learning rule in floats cannot be quantised",
                               where=projection.name,
                               hint="build the plastic network in the fixed domain")


def _check_source(population: Population) -> None:
    if not population.is_source:
        raise UnsupportedError("only sources and CubaLIF neurons can be quantised",
                               where=population.name, found=population.model.kind,
                               hint="build this population in the fixed domain")
    if population.model.payload_bits:
        raise UnsupportedError("float payloads cannot be quantised: they have no declared range",
                               where=population.name, hint="send plain spikes, or build the "
                               "network in the fixed domain")


def _check_size(name: str, model: CubaLIF, afferent: Sequence[_Synapses]) -> None:
    if model.vth < 0:
        raise UnsupportedError("a threshold below 0 cannot be quantised", where=name,
                               found=model.vth, expected="at least 0")
    for size in (model.vth, abs(model.bias_mant), *(p.largest for p in afferent)):
        if size and not SMALLEST <= size <= LARGEST:
            raise UnsupportedError("a weight, threshold or bias is too far from 1", where=name,
                                   found=f"{size:g}", expected=f"0, or {SMALLEST:g} to {LARGEST:g}",
                                   hint="measure potentials in another unit")


# --- the scale


def _scale(
    name: str, model: CubaLIF, afferent: Sequence[_Synapses], registers: Registers
) -> float:
    """The scale of the least error whose rounded weights cannot make the current wrap."""
    _check_size(name, model, afferent)
    used = [p for p in afferent if p.largest]
    push = largest_push(STATE_MAX, _decay(name, "du", model.du)) >> INPUT_SHIFT
    comfortable, hard = _ceilings(model, used, push, registers)
    if math.isinf(hard):
        return 1.0
    while True:
        tried = [_fitted(pattern, comfortable, hard, used) for pattern in _patterns(used)]
        scale = min(tried, key=lambda s: round(_worst(used, s), 12))
        if not model.du or max(_drive([_codes(p, p.weights, scale) for p in used])) <= push:
            return scale
        hard = scale / 2  # rounding up went too far


def _ceilings(
    model: CubaLIF, used: Sequence[_Synapses], push: int, registers: Registers
) -> tuple[float, float]:
    """Scales that leave a potential room below, and that the widths allow at all."""
    excited, inhibited = _drive([p.weights for p in used])
    largest = max((p.largest for p in used), default=0.0)
    shift, drift = registers.weight_exponent_max, registers.bias_max << registers.bias_exponent_max
    hard = min(_ratio(registers.threshold_max, model.vth),
               _ratio(drift, abs(model.bias_mant) * UNIT),
               *(_ratio(p.levels * p.step << shift, p.largest) for p in used),
               _ratio(push, max(excited, inhibited)) if model.du else math.inf)
    lowest = _ratio(_ratio(inhibited, model.du) + max(-model.bias_mant, 0), model.dv)
    room = min(lowest, ROOM * max(model.vth, largest))
    return min(hard, _ratio(STATE_MAX / UNIT, room)), hard


def _drive(weights: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """What all spikes at once bring the neuron that they excite, or inhibit, most."""
    if not weights:
        return 0.0, 0.0
    return (float(np.sum([np.maximum(w, 0).sum(axis=1) for w in weights], axis=0).max()),
            float(np.sum([np.maximum(-w, 0).sum(axis=1) for w in weights], axis=0).max()))


def _ratio(above: float, below: float) -> float:
    """above / below; nothing at all is nothing, and something by nothing has no end."""
    if not above:
        return 0.0
    return above / below if below else math.inf


def _patterns(used: Sequence[_Synapses]) -> list[float]:
    """Scales from 1 to 2; first the power of two, which wins a tie since it rounds nothing."""
    found = [m * p.step / p.largest for p in used
             for m in range(p.levels // 2 + 1, p.levels + 1)]
    return [1.0, *(2 * math.frexp(scale)[0] for scale in found)]


def _fitted(
    pattern: float, comfortable: float, hard: float, used: Sequence[_Synapses]
) -> float:
    """The pattern times a power of two.

    As large as is comfortable; larger only until every projection fills its mantissas without
    a negative exponent, which would round the sum of the input down.
    """
    full = max((math.ceil(math.log2(p.levels * p.step / 2 / p.largest / pattern))
                for p in used), default=-math.inf)
    wanted = max(math.floor(math.log2(comfortable / pattern)), full)
    return math.ldexp(pattern, int(min(wanted, math.floor(math.log2(hard / pattern)))))


# --- weights


def _synapses(projection: Projection, registers: Registers) -> _Synapses:
    """Mixed signs lose the lowest bit of the mantissa on the chip: they take even ones."""
    weights = projection.weights.astype(np.float64)
    distinct = np.unique(np.abs(weights))
    chosen = np.linspace(0, len(distinct) - 1, min(len(distinct), SAMPLES)).round().astype(int)
    step = 2 if weights.min() < 0 < weights.max() else 1
    if registers.weight_max < step:
        raise UnsupportedError("weights of both signs take two bits at the least",
                               where=projection.name, found=registers.weight_bits)
    return _Synapses(projection.name, weights, float(distinct[-1]), distinct[chosen], step,
                     registers.weight_max // step)


def _exponent(synapses: _Synapses, scale: float) -> int:
    """The least, from 0, that holds the largest weight once it is rounded."""
    exponent, steps = 0, synapses.largest * scale / synapses.step
    while round(steps / 2**exponent) > synapses.levels:
        exponent += 1
    return exponent


def _codes(synapses: _Synapses, values: NDArray[np.float64], scale: float) -> NDArray[np.int64]:
    """Values in whole units of synaptic input: mantissa << exponent."""
    unit = synapses.step << _exponent(synapses, scale)
    codes, _ = numerics.quantise(values, unit / scale, synapses.levels)  # none beyond
    return codes.astype(np.int64) * unit


def _error(synapses: _Synapses, values: NDArray[np.float64], scale: float) -> float:
    if not synapses.largest:
        return 0.0
    return float(np.abs(_codes(synapses, values, scale) / scale - values).max()) / synapses.largest


def _worst(used: Sequence[_Synapses], scale: float) -> float:
    return max((_error(p, p.samples, scale) for p in used), default=0.0)


def _projection(projection: Projection, synapses: _Synapses, scale: float) -> Projection:
    exponent = _exponent(synapses, scale)
    codes = _codes(synapses, synapses.weights, scale)
    if synapses.largest and not codes.any():
        raise UnsupportedError(
            "all weights round to 0: they are too small beside the threshold, the bias or the "
            f"other projections of {projection.post}", where=projection.name,
            found=f"{synapses.largest:g}", expected=f"more than {0.5 * synapses.step / scale:g}")
    return replace(projection, weights=(codes >> exponent).astype(np.int16), exponent=exponent)


# --- neurons


def _lif(name: str, model: CubaLIF, scale: float, registers: Registers) -> CubaLIF:
    """Whole potentials pass the threshold exactly when they pass it rounded down."""
    drive = model.bias_mant * scale * UNIT
    bias_exp = 0
    while abs(round(drive / 2**bias_exp)) > registers.bias_max:
        bias_exp += 1
    bias_mant = round(drive / 2**bias_exp)
    if model.bias_mant and not bias_mant:
        raise UnsupportedError("the bias rounds to 0: it is too small beside threshold or weights",
                               where=name, found=f"{model.bias_mant:g}",
                               expected=f"more than {0.5 / scale / UNIT:g}")
    return CubaLIF(du=_decay(name, "du", model.du), dv=_decay(name, "dv", model.dv),
                   vth=math.floor(model.vth * scale * (1 + NOISE)),
                   bias_mant=bias_mant, bias_exp=bias_exp)


def _decay(name: str, which: str, decay: float) -> int:
    """In 4096ths; one that is not 0 must not become 0, or what it forgets is kept for ever."""
    fixed = round(DECAY_UNITY * decay)
    if decay and not fixed:
        raise UnsupportedError(f"{which} is too small for 12 bits", where=name, found=f"{decay:g}",
                               expected=f"0, or more than {0.5 / DECAY_UNITY:g}",
                               hint="longer steps, or no decay at all")
    return fixed


def _parameter_error(model: CubaLIF, fixed: CubaLIF, scale: float) -> float:
    pairs = ((model.du, fixed.du / DECAY_UNITY), (model.dv, fixed.dv / DECAY_UNITY),
             (model.vth, fixed.vth / scale),
             (model.bias_mant, (int(fixed.bias_mant) << fixed.bias_exp) / scale / UNIT))
    return max(abs(rounded / value - 1) if value else 0.0 for value, rounded in pairs)
