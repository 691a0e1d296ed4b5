"""How full each core is, and where it is too full."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.check.memory import format_of, state_bits, stored_bits
from neuromorph.compile.check.placed import Bundle, Circuit, Group, Placed, Rows
from neuromorph.compile.check.report import Usage, Violation
from neuromorph.profiles import Profile

Reach = dict[tuple[str, int], NDArray[np.int64]]
"""In-axon slots that each neuron of a population takes on a core: 0 where it has no synapse."""


def usage_of(placed: Placed, profile: Profile) -> Usage:
    """Count what each core holds; slices that are unsound count nothing."""
    count = _Count(placed, profile)
    for circuit, rows in zip(placed.circuits, placed.rows(), strict=True):
        count.neurons_of(circuit, rows)
        count.axons_of(rows, count.synapses_of(circuit, rows))
    return count.usage()


def check_fill(usage: Usage, profile: Profile) -> Iterator[Violation]:
    """Cores that hold more than the profile allows."""
    for name, used in usage.items():
        if name == "memory_bits" and not profile.core.memory_shared:
            continue  # neurons have a memory of their own
        most = getattr(profile.core, name)
        for core in np.flatnonzero(used > most):
            yield Violation(f"{name} of a core", f"core {core}", int(used[core]), most)


class _Count:
    """Sums as they grow, circuit after circuit."""

    def __init__(self, placed: Placed, profile: Profile) -> None:
        cores = len(placed.cores)
        self.profile = profile
        self.neurons, self.states, self.bits, self.arriving, self.leaving = np.zeros(
            (5, cores), np.int64)
        self.settings: list[set[object]] = [set() for _ in range(cores)]
        self.thresholds: list[set[object]] = [set() for _ in range(cores)]
        self.formats: list[set[object]] = [set() for _ in range(cores)]

    def neurons_of(self, circuit: Circuit, rows: Rows) -> None:
        """Neurons and their configurations."""
        for name, cores in rows.items():
            group = circuit.groups[name]
            own_threshold = group.parameters.keys() & {"vth"} - group.own
            for core, neurons in cores.items():
                self.neurons[core] += len(neurons)
                self.states[core] += len(neurons) * state_bits(group, self.profile)
                self.settings[core].add(_setting(group))
                self.thresholds[core].update(group.parameters[name] for name in own_threshold)

    def synapses_of(self, circuit: Circuit, rows: Rows) -> Reach:
        """Memory of the synapses, each on its postsynaptic neuron's core, and who reaches it."""
        reach: Reach = {}
        for bundle in circuit.bundles:
            synapses = bundle.synapses
            exponent = circuit.stored_exponent(bundle)
            form = format_of(bundle, exponent, synapses, self.profile)
            axons = int(synapses.any(axis=0).sum())
            for core, neurons in rows.get(bundle.post, {}).items():
                part = synapses[neurons]
                used = part.any(axis=0)
                if used.any():
                    self.bits[core] += stored_bits(form, part, axons, self.profile)
                    self.formats[core].add((form, exponent, bundle.rule is not None, bundle.port))
                    key = bundle.pre, core
                    before = reach.get(key, np.zeros(len(used), np.int64))
                    reach[key] = np.maximum(before, used * self._slots(bundle))
        return reach

    def axons_of(self, rows: Rows, reach: Reach) -> None:
        """Axons at both ends."""
        for (pre, core), slots in reach.items():
            self.arriving[core] += slots.sum()
            for home, neurons in rows.get(pre, {}).items():  # sources are on none
                self.leaving[home] += np.count_nonzero(slots[neurons])

    def usage(self) -> Usage:
        """The sums."""
        return {"neurons": self.neurons, "synapse_bits": self.bits,
                "memory_bits": self.bits + self.states,
                "in_axons": self.arriving, "out_axons": self.leaving,
                "neuron_settings": _sizes(self.settings),
                "threshold_settings": _sizes(self.thresholds),
                "synapse_formats": _sizes(self.formats)}

    def _slots(self, bundle: Bundle) -> int:
        return self.profile.learning.in_axon_slots if bundle.rule is not None else 1


def _sizes(kinds: list[set[object]]) -> NDArray[np.int64]:
    return np.array([len(different) for different in kinds], np.int64)


def _setting(group: Group) -> object:
    """What neurons of one setting have in common; what differs by neuron is in its own memory."""
    apart = group.own.union(group.row.beside_setting)
    return group.kind, *((name, value) for name, value in group.parameters.items()
                         if name not in apart)
