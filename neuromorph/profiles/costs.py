"""What an event takes: energy in picojoules, time in nanoseconds."""

from __future__ import annotations

from neuromorph.profiles.quantity import Amount, Section, measure, nanoseconds, picojoules


class Energy(Section):
    """Energy of one event of each kind, in pJ.

    ::

        energy = sum over kinds of count * energy of one event  +  static power * time

    A neuron that does nothing in a step counts as inactive, any other as active. Kinds that
    a source does not tell apart are zero in it, and their energy is in another kind.
    """

    neuron_active: float = picojoules("A neuron's step in which it has input or state.")
    neuron_inactive: float = picojoules("A neuron's step in which nothing happens.")
    spike_out: Amount = measure("pJ", "A spike, once, beside its packets.", 0, 1e5)
    packet: Amount = measure("pJ", "A spike on its way to one core, beside its hops.", 0, 1e5)
    hop_east_west: float = picojoules("A packet's hop between tiles of one row.")
    hop_north_south: float = picojoules("A packet's hop between tiles of one column.")
    hop_chip: float = picojoules("A packet's hop between neighbouring chips.")
    synaptic_op_dense: float = picojoules("A spike at one synapse without an index.")
    synaptic_op_sparse: float = picojoules("A spike at one synapse with an index.")
    synaptic_update: float = picojoules("One plastic synapse at one learning epoch.")


class Latency(Section):
    """Time that one event of each kind takes, in ns; cores work at the same time."""

    neuron_active: float = nanoseconds("A neuron's step in which it has input or state.")
    neuron_inactive: float = nanoseconds("A neuron's step in which nothing happens.")
    spike_out: Amount = measure("ns", "A spike, once, beside its packets.", 0, 1e7)
    packet: Amount = measure("ns", "A spike on its way to one core, beside its hops.", 0, 1e7)
    hop_east_west: float = nanoseconds("A packet's hop between tiles of one row.")
    hop_north_south: float = nanoseconds("A packet's hop between tiles of one column.")
    hop_chip: float = nanoseconds("A packet's hop between neighbouring chips.")
    synaptic_op_dense: float = nanoseconds("A spike at one synapse without an index.")
    synaptic_op_sparse: float = nanoseconds("A spike at one synapse with an index.")
    synaptic_update: float = nanoseconds("One plastic synapse at one learning epoch.")
    barrier_min: float = nanoseconds("The barrier at the end of a step, on one tile.")
    barrier_max: float = nanoseconds("The barrier at the end of a step, on a whole chip.")
    barrier_board: float = nanoseconds("The barrier at the end of a step, on a whole board.")
