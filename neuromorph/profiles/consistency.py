"""Limits that must agree with one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neuromorph.errors import ProfileError
from neuromorph.profiles.profile import Profile
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class Rule(Shown):
    """Something that holds in every profile.

    Attributes
    ----------
    field : str
        The field to look at when it does not hold.
    fault : str
        What is wrong then.
    holds : callable
    """

    field: str
    fault: str
    holds: Callable[[Profile], bool]


def at_most(table: str, low: str, high: str) -> Rule:
    """One field of a table is not above another one."""
    return Rule(f"{table}.{low}", f"{table}.{low} is more than {table}.{high}",
                lambda p: getattr(getattr(p, table), low) <= getattr(getattr(p, table), high))


RULES = (
    at_most("chip", "cores_usable", "cores"),
    Rule("chip.mesh_columns", "the mesh has fewer places than the chip has cores",
         lambda p: p.chip.mesh_columns * p.chip.mesh_rows * p.chip.cores_per_tile >= p.chip.cores),
    Rule("chip.router_columns", "the grid of routers is not the chip's: columns, rows and cores of "
         "a router do not give its cores",
         lambda p: p.chip.router_columns * p.chip.router_rows * p.chip.router_cores
         == p.chip.cores),
    Rule("board.columns", "the grid has fewer places than the board has chips",
         lambda p: p.board.columns * p.board.rows >= p.board.chips),
    at_most("core", "synapse_bits", "memory_bits"),
    at_most("core", "word_bits", "synapse_bits"),
    Rule("core.neuron_bits", "the core's neurons take more memory than there is",
         lambda p: _neurons_and_synapses(p) <= p.core.memory_bits),
    at_most("synapse", "weight_bits_min", "weight_bits"),
    at_most("synapse", "weight_exponent_min", "weight_exponent_max"),
    at_most("synapse", "index_bits_min", "index_bits_max"),
    Rule("synapse.index_bits_max", "the longest index does not reach all neurons of a core",
         lambda p: 2**p.synapse.index_bits_max >= p.core.neurons),
    Rule("synapse.delay_max", "the longest delay does not fit the bits of a delay",
         lambda p: p.synapse.delay_max < 2**p.synapse.delay_bits),
    Rule("synapse.dense", "neither dense nor sparse synapses are allowed",
         lambda p: p.synapse.dense or p.synapse.sparse),
    Rule("neuron.payload_bits", "spikes have a payload if and only if they are graded",
         lambda p: p.neuron.graded_spikes == (p.neuron.payload_bits > 0)),
    Rule("learning.payload_to_trace", "a trace cannot take payloads that spikes do not have",
         lambda p: p.neuron.graded_spikes or not p.learning.payload_to_trace),
    at_most("learning", "exponent_min", "exponent_max"),
)


def _neurons_and_synapses(p: Profile) -> int:
    """Bits that a full core must hold at once; where memory is shared, neurons alone."""
    neurons = p.core.neurons * p.core.neuron_bits
    return neurons if p.core.memory_shared else neurons + p.core.synapse_bits


def check_consistency(profile: Profile, where: Callable[[str], str]) -> None:
    """Refuse limits that contradict one another.

    Parameters
    ----------
    profile : Profile
    where : callable
        Gives ``file:line`` of a field.

    Raises
    ------
    ProfileError
    """
    for rule in RULES:
        if not rule.holds(profile):
            raise ProfileError(rule.fault, where=where(rule.field),
                               found=profile.quantities[rule.field].value)
    _check_costs(profile, where)


def _check_costs(profile: Profile, where: Callable[[str], str]) -> None:
    if set(profile.energy) != set(profile.latency):
        raise ProfileError("energy and latency have different sets", where=where("energy"),
                           found=", ".join(profile.energy), expected=", ".join(profile.latency))
    alone = set(profile.power) - set(profile.energy)
    if alone:
        raise ProfileError("power has a set that energy does not have", where=where("power"),
                           found=", ".join(sorted(alone)), expected=", ".join(profile.energy))
    for name, energy in profile.energy.items():
        latency = profile.latency[name]
        pairs = (("energy", "neuron_inactive", "neuron_active", energy),
                 ("latency", "neuron_inactive", "neuron_active", latency),
                 ("latency", "barrier_min", "barrier_max", latency),
                 ("latency", "barrier_max", "barrier_board", latency),
                 ("power", "static_chip", "static_board", profile.power[name]))
        for table, low, high, constants in pairs:
            ends = getattr(constants, low), getattr(constants, high)
            if None not in ends and ends[0] > ends[1]:
                raise ProfileError(f"{table}.{name}.{low} is more than {table}.{name}.{high}",
                                   where=where(f"{table}.{name}.{low}"),
                                   found=ends[0], expected=f"at most {ends[1]}")
