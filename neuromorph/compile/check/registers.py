"""What a profile's registers hold: weights, exponents, delays, payloads, parameters of neurons.

::

    -2^b <= weight < 2^b                  b: most bits of a stored weight
    weight even                           where one projection has both signs: the lowest bit
                                          is the sign's
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuromorph.compile.check.placed import Bundle, Group, Placed
from neuromorph.compile.check.report import Violation
from neuromorph.network import Astrocyte, CubaLIF, LatencyMatch, Readout, Relay
from neuromorph.numerics import limits
from neuromorph.profiles import Neuron, Profile, Synapse

Ranges = dict[str, tuple[int, int]]

STATE_BITS = limits.STATE_MAX.bit_length() + 1
GAIN_SHIFT_MAX, GAIN_BITS_MAX = 48, 16
LEAST_ASTROCYTE = 2
"""Its calcium, and a unit besides."""


def check_registers(placed: Placed, profile: Profile) -> Iterator[Violation]:
    """Models and numbers that the profile does not have."""
    yield from _check_state(placed.profile, profile.neuron)
    for where, group in placed.all_groups():
        yield from _check_model(where, group, profile.neuron)
    for where, circuit, bundle in placed.all_bundles():
        yield from _check_weights(where, bundle, profile.synapse)
        yield from _check_timing(where, bundle, circuit.stored_exponent(bundle), profile)


def _check_state(where: str, neuron: Neuron) -> Iterator[Violation]:
    """The state that the fixed domain computes in; a narrower one gives other integers."""
    for name in ("current_bits", "potential_bits"):
        if getattr(neuron, name) < STATE_BITS:
            yield Violation(f"{name} of the profile", where, STATE_BITS, getattr(neuron, name))
    for name, needed in (("input_shift", limits.INPUT_SHIFT), ("decay_bits", limits.DECAY_BITS)):
        if getattr(neuron, name) != needed:  # every shift and decay counts in them
            yield Violation(f"{name} of the profile", where, needed, getattr(neuron, name))


def _check_model(where: str, group: Group, neuron: Neuron) -> Iterator[Violation]:
    model = group.model
    if isinstance(model, Readout | LatencyMatch | Astrocyte | Relay) and not neuron.programmable:
        yield Violation("neuron model", where, model.kind, "CubaLIF: no neuron is programmable")
    if model.payload_bits and not neuron.graded_spikes:
        yield Violation("spikes with a payload", where, f"{model.payload_bits} bits", "none")
    elif model.payload_bits > neuron.payload_bits:
        yield Violation("bits of a payload", where, model.payload_bits, neuron.payload_bits)
    if isinstance(model, LatencyMatch) and model.base & (model.base - 1):
        yield Violation("base is a power of two", where, model.base, "2^n")
    if isinstance(model, Astrocyte) and group.size < LEAST_ASTROCYTE:
        yield Violation("neurons of an astrocyte", where, group.size, f"{LEAST_ASTROCYTE} or more")
    for name, (low, high) in _ranges(group, neuron).items():
        value = getattr(model, name)
        if not low <= value <= high:
            yield Violation(name, where, value, f"{low} to {high}")


def _ranges(group: Group, neuron: Neuron) -> Ranges:
    """What the parameters of a model may be; thresholds are compared with ``>``."""
    decay = (0, 1 << neuron.decay_bits)
    threshold = (0, (1 << neuron.threshold_bits) - 1)
    bias = 1 << (neuron.bias_bits - 1)
    potential = (1 << (neuron.potential_bits - 1)) - 1
    if isinstance(group.model, CubaLIF):
        return {"du": decay, "dv": decay, "vth": threshold, "bias_mant": (-bias, bias - 1),
                "bias_exp": (0, neuron.bias_exponent_max),
                "input_shift": (0, neuron.input_shift)}
    if isinstance(group.model, Readout):
        return {"dv": decay, "vth": (0, potential - 1)}
    if isinstance(group.model, LatencyMatch):
        return {"vth": threshold, "base": (1, limits.STATE_MODULUS), "span": (1, potential),
                "gain": (1, potential), "gain_shift": (0, GAIN_SHIFT_MAX)}
    if isinstance(group.model, Relay):
        return {"shift": (0, -limits.EXPONENT_MIN)}
    if isinstance(group.model, Astrocyte):
        return {"dv": decay, "gain_bits": (0, GAIN_BITS_MAX)}
    return {"payload_bits": (0, limits.PAYLOAD_BITS)}


def _check_weights(where: str, bundle: Bundle, synapse: Synapse) -> Iterator[Violation]:
    weights, bits = bundle.weights, synapse.weight_bits
    low, high = -(1 << bits), (1 << bits) - 1
    least, most = int(weights.min(initial=0)), int(weights.max(initial=0))
    if least < low or most > high:
        yield Violation(f"a weight of {bits} bits", where, f"{least} to {most}",
                        f"{low} to {high}")
    mixed = least < 0 < most or least == low or (
        bundle.rule is not None and bundle.rule.sign == "mixed")
    if mixed and np.bitwise_and(weights, 1).any():
        yield Violation("weights of both signs", where, "an odd weight", "even weights")


def _check_timing(
    where: str, bundle: Bundle, exponent: int, profile: Profile
) -> Iterator[Violation]:
    synapse = profile.synapse
    low, high = synapse.weight_exponent_min, synapse.weight_exponent_max
    if not low <= exponent <= high:
        yield Violation("weight exponent", where, exponent, f"{low} to {high}")
    if not 0 <= bundle.delay <= synapse.delay_max:
        yield Violation("delay", where, bundle.delay, f"0 to {synapse.delay_max}")
    if bundle.graded and not profile.neuron.graded_spikes:
        yield Violation("graded synapses", where, "graded", "plain spikes")
