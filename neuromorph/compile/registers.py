"""Are a target's registers as wide as the integers of a network?

::

    -2^b <= weight < 2^b       b bits of a synapse
    0 <= vth < 2^b             b bits of a threshold
    -2^(b-1) <= bias < 2^(b-1)

What a circuit's numbers fit gives the same integers, however narrow. Where the circuit counts on
what happens at a register's end, the target's must be as wide as `LOIHI`'s, neither narrower nor
wider: where decays and shifts count in it, where a potential is cleared to its lowest value, where
plasticity saturates weights, tags, traces or sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from operator import eq, ge, le
from typing import NamedTuple

from neuromorph.compile.program import Unit
from neuromorph.compile.reasons import refuse
from neuromorph.errors import FitError
from neuromorph.learning import LearningRule
from neuromorph.network import Network, Population, Projection
from neuromorph.neurons import registered
from neuromorph.numerics import signed_bits
from neuromorph.numerics.registers import LOIHI
from neuromorph.profiles import Profile

HOLDS: dict[str, Callable[[int, int], bool]] = {"exactly": eq, "at most": le, "at least": ge}
"""What a profile has, and what is needed."""

REGISTERS = (
    *(f"neuron.{name}" for name in (
        "input_bits", "input_shift", "current_bits", "potential_bits", "decay_bits",
        "threshold_bits", "bias_bits", "bias_exponent_max", "payload_bits")),
    *(f"synapse.{name}" for name in (
        "weight_bits", "weight_exponent_min", "weight_exponent_max", "delay_max")),
    *(f"learning.{name}" for name in (
        "accumulator_bits", "trace_bits", "tag_bits", "pre_traces", "post_traces",
        "payload_to_trace", "mantissa_min", "mantissa_max", "exponent_min", "exponent_max")),
)
"""What networks may ask of a target, and the widths of inputs and payloads."""

TRACES = ("x1", "x2", "y1", "y2", "y3")


class Need(NamedTuple):
    """What a register must hold: ``needed`` bits, steps or traces, because of ``where``."""

    where: str
    register: str
    needed: int
    bound: str = "at least"


def check_registers(unit: Unit, profile: Profile) -> Unit:
    """The unit, if the profile's registers hold all of its numbers.

    Raises
    ------
    FitError
        Naming each register that does not, what is needed and what it has.
    """
    refuse(unfit_registers(unit, profile))
    return unit


def register_of(profile: Profile, register: str) -> int:
    """What a profile has of a register, as of those in `REGISTERS`."""
    section, _, name = register.partition(".")
    return int(getattr(getattr(profile, section), name))


def unfit_registers(unit: Unit, profile: Profile) -> Iterator[FitError]:
    """The profile's registers that do not hold the unit's numbers, what is needed and what is."""
    if unit.network.domain == "float":
        return  # what its integers need is known when it has some
    for where, register, needed, bound in _needs(unit.network):
        has = register_of(profile, register)
        if not HOLDS[bound](has, needed):
            yield FitError(f"{register} of {profile.title} is not what this circuit needs",
                           where=f"{unit.name}.{where}" if where else unit.name, found=has,
                           expected=f"{bound} {needed}",
                           hint="choose a profile with Loihi's registers"
                           if bound == "exactly" and has > needed else
                           "choose a profile with wider registers")


def _needs(network: Network) -> Iterator[Need]:
    # Attention clears its match neurons to the lowest potential there is.
    clears = any(part.circuit.clears for part in network.parts)
    yield Need("", "neuron.potential_bits", LOIHI.potential_bits,
               "exactly" if clears else "at least")
    yield Need("", "neuron.current_bits", LOIHI.current_bits)
    yield Need("", "neuron.input_shift", LOIHI.input_shift, "exactly")
    yield Need("", "neuron.decay_bits", LOIHI.decay_bits, "exactly")
    for population in network.populations:
        yield from _of_neurons(population)
    for projection in network.projections:
        yield from _of_synapses(projection, network.synapse_exponent(projection))
        if projection.rule is not None:
            yield from _of_learning(projection, projection.rule, network)


def _of_neurons(population: Population) -> Iterator[Need]:
    for register, needed in registered(population.model, population.name).needs().items():
        yield Need(population.name, f"neuron.{register}", needed)


def _of_synapses(projection: Projection, exponent: int) -> Iterator[Need]:
    name, weights = projection.name, projection.weights
    if weights.size:
        # Loihi's mixed weights have their sign in the lowest bit, so that it is no bit more.
        bits = max(signed_bits(int(weights.min())), signed_bits(int(weights.max()))) - 1
        yield Need(name, "synapse.weight_bits", bits)
    yield Need(name, "synapse.weight_exponent_min", exponent, "at most")
    yield Need(name, "synapse.weight_exponent_max", exponent)
    yield Need(name, "synapse.delay_max", int(projection.delay))


def _of_learning(
    projection: Projection, rule: LearningRule, network: Network
) -> Iterator[Need]:
    name = projection.name
    yield Need(name, "synapse.weight_bits", LOIHI.weight_bits, "exactly")
    yield Need(name, "learning.accumulator_bits", LOIHI.accumulator_bits, "exactly")
    used = set[str]()
    for term in (*rule.weight_terms, *rule.tag_terms):
        used |= {factor.variable for factor in term.factors}
        for what, value in (("mantissa", term.mantissa), ("exponent", term.exponent)):
            yield Need(name, f"learning.{what}_min", value, "at most")
            yield Need(name, f"learning.{what}_max", value)
    yield Need(name, "learning.pre_traces", len(used & {"x1", "x2"}))
    yield Need(name, "learning.post_traces", len(used & {"y1", "y2", "y3"}))
    yield _of_traces(name, rule)
    for third in filter(None, projection.modulators):
        yield Need(name, "learning.trace_bits", network.population(third).model.payload_bits - 1)
    if rule.tag_terms:
        yield Need(name, "learning.tag_bits", LOIHI.tag_bits, "exactly")
    yield Need(name, "learning.payload_to_trace", int(rule.payload == "overwrite"))


def _of_traces(name: str, rule: LearningRule) -> Need:
    """A trace that forgets at once never holds more than its impulse; others may saturate."""
    impulses = {trace: rule.impulse(trace) for trace in TRACES if rule.impulse(trace)}
    adds_up = rule.epoch > 1 or any(rule.tau(trace) for trace in impulses)
    if rule.payload == "overwrite" or (impulses and adds_up):
        return Need(name, "learning.trace_bits", LOIHI.trace_bits, "exactly")
    loudest = max(impulses.values(), default=0)
    return Need(name, "learning.trace_bits", math.ceil(loudest).bit_length())
