"""What happens in each step of a run, and on each core: what tells how long a step lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.demand import used_synapses
from neuromorph.compile.program import Program
from neuromorph.cost.events import Events, each_step
from neuromorph.shown import Shown

Steps: TypeAlias = NDArray[np.int64]
Trains: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class StepCounts(Shown):
    """Counts of a run, step by step.

    Attributes
    ----------
    neurons : int array, shape (cores,)
        Neurons of each core.
    synaptic_ops : float array, shape (steps, cores)
        In the step in which the spike is sent, on the core that holds the synapse.
    each : dict of str to float array, shape (steps,)
        The other events by their names in `Events`, of all cores together; ``packets`` are
        spikes to each core that they reach.
    """

    neurons: NDArray[np.int64]
    synaptic_ops: NDArray[np.float64]
    each: dict[str, NDArray[np.float64]]

    @property
    def steps(self) -> int:
        """Steps of the run."""
        return len(self.synaptic_ops)

    def events(self, steps: Steps) -> Events:
        """All that happens in some of the steps."""
        sums = {name: float(counts[steps].sum()) for name, counts in self.each.items()}
        return Events(**sums, synaptic_ops=float(self.synaptic_ops[steps].sum()),
                      steps=float(len(steps)))


def count_steps(
    program: Program, trains: Sequence[Trains], at: Sequence[Steps] | None = None
) -> StepCounts:
    """Events of units that run side by side.

    Parameters
    ----------
    program : Program
        Cut into slices.
    trains : sequence of mapping of population to array, shape (steps, size)
        By unit, of all populations, sources included; anything but 0 is a spike.
    at : sequence of int array, shape (steps,), optional
        By unit, the step of the program in which each step of the unit is; if left out, all begin
        together. In a step of the program that is none of a unit's, the unit waits: its neurons
        take time there, but no energy.
    """
    own = at or [np.arange(_length(spikes)) for spikes in trains]
    steps = max((int(found.max(initial=-1)) + 1 for found in own), default=0)
    ops = np.zeros((steps, program.cores))
    each: dict[str, NDArray[np.float64]] = {"packets": np.zeros(steps)}
    for number, (spikes, there) in enumerate(zip(trains, own, strict=True)):
        unit = program.units[number]
        for name, counts in each_step(unit, spikes, len(there)).items():
            if name != "synaptic_ops":  # which are counted core by core
                each.setdefault(name, np.zeros(steps))[there] += counts
        on_cores, packets = _by_core(program, number, spikes, len(there))
        for core, counts in on_cores.items():
            ops[there, core] += counts
        each["packets"][there] += packets
    return StepCounts(neurons_of_cores(program), ops, each)


def neurons_of_cores(program: Program) -> NDArray[np.int64]:
    """Neurons of each core, shape (cores,)."""
    sizes = np.zeros(program.cores, np.int64)
    for piece in program.slices:
        sizes[piece.core] += piece.size
    return sizes


def _length(spikes: Trains) -> int:
    return max((len(train) for train in spikes.values()), default=0)


def _by_core(
    program: Program, number: int, spikes: Trains, steps: int
) -> tuple[dict[int, NDArray[np.float64]], NDArray[np.float64]]:
    """Synaptic operations of a unit on each core, and its packets to all, step by step."""
    network, pieces = program.units[number].network, program.slices_of(number)
    fans: dict[tuple[str, int], NDArray[np.int64]] = {}
    for projection in network.projections:
        used = used_synapses(projection)
        for piece in pieces[projection.post]:
            key = projection.pre, piece.core
            fan = used[piece.start : piece.stop].sum(axis=0, dtype=np.int64)
            fans[key] = fans[key] + fan if key in fans else fan
    on_cores: dict[int, NDArray[np.float64]] = {}
    packets = np.zeros(steps)
    sent = {name: (spikes[name] != 0).astype(np.float64) for name in {name for name, _ in fans}}
    for (pre, core), fan in fans.items():
        on_cores[core] = on_cores.get(core, 0) + sent[pre] @ fan.astype(np.float64)
        if not network.population(pre).is_source:  # their way to the cores is not counted
            packets += sent[pre] @ (fan > 0).astype(np.float64)
    return on_cores, packets
