"""Are a target's registers as wide as the integers of a network?

::

    -2^b <= weight < 2^b       b bits of a synapse
    0 <= vth < 2^b             b bits of a threshold
    -2^(b-1) <= bias < 2^(b-1)

Potentials, currents and decays are computed in the widths of `numerics.limits`: narrower ones
would give other integers, so that a target with fewer bits is no target for any circuit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from neuromorph.compile.program import Unit
from neuromorph.errors import FitError
from neuromorph.learning import LearningRule
from neuromorph.learning.terms import ACCUMULATOR_BITS
from neuromorph.network import Network, Population, Projection
from neuromorph.network.populations import parameters
from neuromorph.numerics.limits import DECAY_BITS, INPUT_SHIFT, STATE_MODULUS
from neuromorph.profiles import Profile

EXACT = ("neuron.input_shift", "neuron.decay_bits")
"""Registers that must not be wider either: shifts and decays count in them."""

BESIDE = {"synapse.weight_exponent_min", "learning.exponent_min", "learning.mantissa_min"}
"""Registers that have a least value, not a largest."""


class Need(NamedTuple):
    """What a register must hold: ``needed`` bits, steps or traces, because of ``where``."""

    where: str
    register: str
    needed: int


def check_registers(unit: Unit, profile: Profile) -> Unit:
    """The unit, if the profile's registers hold all of its numbers.

    Raises
    ------
    FitError
        Naming the first register that is too narrow, what is needed and what it has.
    """
    if unit.network.domain == "float":
        return unit  # what its integers need is known when it has some
    for where, register, needed in _needs(unit.network):
        section, _, name = register.partition(".")
        has = int(getattr(getattr(profile, section), name))
        if register in EXACT:
            fits, bound = has == needed, "exactly"
        elif register in BESIDE:
            fits, bound = has <= needed, "at most"
        else:
            fits, bound = has >= needed, "at least"
        if not fits:
            raise FitError(f"{register} of {profile.title} is not what this circuit needs",
                           where=f"{unit.name}.{where}" if where else unit.name, found=has,
                           expected=f"{bound} {needed}",
                           hint="choose a profile with wider registers")
    return unit


def _needs(network: Network) -> Iterator[Need]:
    state_bits = STATE_MODULUS.bit_length() - 1
    yield Need("", "neuron.potential_bits", state_bits)
    yield Need("", "neuron.current_bits", state_bits)
    yield Need("", "neuron.input_shift", INPUT_SHIFT)
    yield Need("", "neuron.decay_bits", DECAY_BITS)
    for population in network.populations:
        yield from _of_neurons(population)
    for projection in network.projections:
        yield from _of_synapses(projection, network.synapse_exponent(projection))
        if projection.rule is not None:
            yield from _of_learning(projection, projection.rule, network)


def _of_neurons(population: Population) -> Iterator[Need]:
    found, name = parameters(population.model), population.name
    if "vth" in found and population.model.kind != "Readout":  # whose threshold is a potential
        yield Need(name, "neuron.threshold_bits", int(found["vth"]).bit_length())
    if "bias_mant" in found:
        yield Need(name, "neuron.bias_bits", _signed_bits(int(found["bias_mant"])))
        yield Need(name, "neuron.bias_exponent_max", int(found["bias_exp"]))


def _of_synapses(projection: Projection, exponent: int) -> Iterator[Need]:
    name, weights = projection.name, projection.weights
    if weights.size:
        # Loihi's mixed weights have their sign in the lowest bit, so that it is no bit more.
        bits = max(_signed_bits(int(weights.min())), _signed_bits(int(weights.max()))) - 1
        yield Need(name, "synapse.weight_bits", bits)
    yield Need(name, "synapse.weight_exponent_min", exponent)
    yield Need(name, "synapse.weight_exponent_max", exponent)
    yield Need(name, "synapse.delay_max", int(projection.delay))


def _of_learning(
    projection: Projection, rule: LearningRule, network: Network
) -> Iterator[Need]:
    name = projection.name
    yield Need(name, "learning.accumulator_bits", ACCUMULATOR_BITS + 1)  # and the sign
    used = set[str]()
    for term in (*rule.weight_terms, *rule.tag_terms):
        used |= {factor.variable for factor in term.factors}
        for what, value in (("mantissa", term.mantissa), ("exponent", term.exponent)):
            yield Need(name, f"learning.{what}_min", value)
            yield Need(name, f"learning.{what}_max", value)
    yield Need(name, "learning.pre_traces", len(used & {"x1", "x2"}))
    yield Need(name, "learning.post_traces", len(used & {"y1", "y2", "y3"}))
    loudest = max(rule.impulse(trace) for trace in ("x1", "x2", "y1", "y2", "y3"))
    yield Need(name, "learning.trace_bits", math.ceil(loudest).bit_length())
    for third in filter(None, projection.modulators):
        yield Need(name, "learning.trace_bits", network.population(third).model.payload_bits - 1)
    yield Need(name, "learning.tag_bits", int(bool(rule.tag_terms)))
    yield Need(name, "learning.payload_to_trace", int(rule.payload == "overwrite"))


def _signed_bits(value: int) -> int:
    """Bits of two's complement."""
    return (value if value >= 0 else ~value).bit_length() + 1
