"""What an event takes: energy in picojoules, time in nanoseconds, and what idles, in milliwatts.

A set of constants is three tables of one name. It may lack constants: what needs one of those
then has no total, and names it.
"""

from __future__ import annotations

from neuromorph.profiles.quantity import (
    Amount,
    Section,
    milliwatts,
    nanoseconds,
    picojoules,
)


class Energy(Section):
    """Energy of one event of each kind, in pJ.

    ::

        energy = sum over kinds of count * energy of one event  +  static power * time

    A neuron that does nothing in a step counts as inactive, any other as active. Kinds that
    a source does not tell apart are zero in it, and their energy is in another kind.
    """

    neuron_active: Amount | None = picojoules(
        "A neuron's step in which it has input or state.", 0)
    neuron_inactive: Amount | None = picojoules("A neuron's step in which nothing happens.", 0)
    multiply: Amount | None = picojoules("A product that a program makes, beside the step.", 0)
    divide: Amount | None = picojoules("A quotient that a program makes, beside the step.", 0)
    spike_out: Amount | None = picojoules("A spike, once, beside its packets.", 0)
    packet: Amount | None = picojoules("A spike on its way to one core, beside its hops.", 0)
    hop_east_west: Amount | None = picojoules("A packet's hop between tiles of one row.", 0)
    hop_north_south: Amount | None = picojoules("A packet's hop between tiles of one column.", 0)
    hop_chip: Amount | None = picojoules("A packet's hop between neighbouring chips.", 0)
    synaptic_op_dense: float | None = picojoules("A spike at one synapse without an index.")
    synaptic_op_sparse: float | None = picojoules("A spike at one synapse with an index.")
    synaptic_op_ternary: float | None = picojoules(
        "A spike at one synapse that is stored as -1, 0 or 1.")
    synaptic_update: Amount | None = picojoules(
        "One plastic synapse for which a term of its rule is not 0, at one learning epoch.", 0)
    core_step: Amount | None = picojoules("A core in use, in one step, beside its events.", 0)


class Latency(Section):
    """Time that one event of each kind takes, in ns; cores work at the same time."""

    neuron_active: float | None = nanoseconds("A neuron's step in which it has input or state.")
    neuron_inactive: float | None = nanoseconds("A neuron's step in which nothing happens.")
    spike_out: Amount | None = nanoseconds("A spike, once, beside its packets.", 0)
    packet: Amount | None = nanoseconds("A spike on its way to one core, beside its hops.", 0)
    hop_east_west: float | None = nanoseconds("A packet's hop between tiles of one row.")
    hop_north_south: float | None = nanoseconds("A packet's hop between tiles of one column.")
    hop_chip: float | None = nanoseconds("A packet's hop between neighbouring chips.")
    link: float | None = nanoseconds("A packet over one link, when others wait behind it.")
    synaptic_op_dense: float | None = nanoseconds("A spike at one synapse without an index.")
    synaptic_op_sparse: float | None = nanoseconds("A spike at one synapse with an index.")
    synaptic_read: float | None = nanoseconds("A word of 32 bits read from synaptic memory.")
    synaptic_update: float | None = nanoseconds("One plastic synapse at one learning epoch.")
    barrier_min: float | None = nanoseconds("The barrier at the end of a step, on one tile.")
    barrier_max: float | None = nanoseconds("The barrier at the end of a step, on a whole chip.")
    barrier_board: float | None = nanoseconds(
        "The barrier at the end of a step, on a whole board.")
    host_spike: float | None = nanoseconds(
        "A spike that a chip's own processor sends to its cores, or reads from them.")


class Power(Section):
    """What idles, in mW."""

    static_chip: float | None = milliwatts("A chip that idles.")
    static_board: float | None = milliwatts(
        "A board that idles, shared among its chips: with memory, regulators, what drives it.")
