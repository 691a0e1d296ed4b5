"""What a profile's registers hold: weights, exponents, delays, payloads, parameters of neurons.

::

    -2^b <= weight < 2^b                  b: most bits of a stored weight
    weight even                           where one projection has both signs: the lowest bit
                                          is the sign's
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuromorph.compile.check.memory import state_bits
from neuromorph.compile.check.models import MODELS, number
from neuromorph.compile.check.placed import Bundle, Group, Placed
from neuromorph.compile.check.report import Violation
from neuromorph.compile.check.row import Value
from neuromorph.numerics import limits
from neuromorph.profiles import Neuron, Profile, Synapse

STATE_BITS = limits.STATE_MAX.bit_length() + 1

def check_registers(placed: Placed, profile: Profile) -> Iterator[Violation]:
    """Models and numbers that the profile does not have."""
    yield from _check_state(placed.profile, profile.neuron)
    for where, group in placed.all_groups():
        yield from _check_model(where, group, profile.neuron)
        kept, own = state_bits(group, profile), profile.core.neuron_bits
        if kept > own and not profile.core.memory_shared:
            yield Violation("memory of a neuron", where, f"{kept} bits", own)
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
    if group.kind not in MODELS:
        yield unknown_model(where, group)
        return
    row, bits = group.row, group.payload_bits
    if row.programmable and not neuron.programmable:
        yield Violation("neuron model", where, group.kind, "CubaLIF: no neuron is programmable")
    if bits and not neuron.graded_spikes:
        yield Violation("spikes with a payload", where, f"{bits} bits", "none")
    elif bits > neuron.payload_bits:
        yield Violation("bits of a payload", where, bits, neuron.payload_bits)
    if group.size < row.least:
        yield Violation("neurons of this model", where, f"{group.size} {group.kind}",
                        f"{row.least} or more")
    yield from _check_parameters(where, group, neuron)


def unknown_model(where: str, group: Group) -> Violation:
    """A model that the checker's table has no row for."""
    return Violation("neuron model", where, group.kind, ", ".join(MODELS))


def _check_parameters(where: str, group: Group, neuron: Neuron) -> Iterator[Violation]:
    """The first number of each parameter that its register does not hold, or that means nothing."""
    row, ranges = group.row, dict(group.row.ranges(neuron))
    for name, high in row.below:
        ranges[name] = 0, max(number(group.parameters, high), 1) - 1
    for name, value in group.parameters.items():
        for at, each in _numbers(where, value):
            if name in row.powers_of_two and each & (each - 1):
                yield Violation(f"{name} is a power of two", at, each, "2^n")
                break
            if name in ranges and not ranges[name][0] <= each <= ranges[name][1]:
                yield Violation(name, at, each, "{} to {}".format(*ranges[name]))
                break


def _numbers(where: str, value: Value) -> Iterator[tuple[str, int]]:
    """The number, or those of all neurons, and where each is."""
    if isinstance(value, int):
        yield where, value
    else:
        yield from ((f"{where}[{n}]", each) for n, each in enumerate(value))


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
