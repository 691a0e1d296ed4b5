"""What happens in each step of a run, and on each core: what tells how long a step lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.packing.demand import used_synapses
from neuromorph.compile.program import Program
from neuromorph.cost.events import Events, each_step
from neuromorph.cost.phases import Active, Steps
from neuromorph.cost.work import PhaseWork
from neuromorph.errors import UsageError
from neuromorph.shapes import Float64, Int64, Shaped
from neuromorph.shown import Shown

HOPS = ("hops_east_west", "hops_north_south", "hops_chip")
WEIGHTS_A_WORD = 4
"""Weights of 8 bits in a word of 32."""

Trains: TypeAlias = Mapping[str, Annotated[Shaped, "_ _"]]


@dataclass(frozen=True, eq=False, repr=False)
class StepCounts(Shown):
    """Counts of a run, step by step.

    Attributes
    ----------
    neurons : int array, shape (cores,)
        Neurons of each core.
    synaptic_ops : float array, shape (steps, cores)
        In the step in which the spike is sent, on the core that holds the synapse.
    synaptic_reads : float array, shape (steps, cores)
        Words of synaptic memory that are read for that: of each axon's list a header and its
        weights.
    each : dict of str to float array, shape (steps,)
        The other events by their names in `Events`, of all cores together; ``packets`` are
        spikes to each core that they reach.
    """

    neurons: Annotated[Int64, "cores"]
    synaptic_ops: Annotated[Float64, "steps cores"]
    synaptic_reads: Annotated[Float64, "steps cores"]
    each: dict[str, Annotated[Float64, "steps"]]

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
    ops, reads = np.zeros((steps, program.cores)), np.zeros((steps, program.cores))
    each: dict[str, NDArray[np.float64]] = {"packets": np.zeros(steps)}
    for number, (spikes, there) in enumerate(zip(trains, own, strict=True)):
        unit = program.units[number]
        for name, counts in each_step(unit, spikes, len(there)).items():
            if name != "synaptic_ops":  # which are counted core by core
                each.setdefault(name, np.zeros(steps))[there] += counts
        fans = _fans(program, number)
        sent = {name: (spikes[name] != 0).astype(np.float64) for name, _ in fans}
        for (pre, core), (fan, words) in fans.items():
            ops[there, core] += sent[pre] @ fan.astype(np.float64)
            reads[there, core] += sent[pre] @ words.astype(np.float64)
            if not unit.network.population(pre).is_source:  # their way to the cores is not counted
                each["packets"][there] += sent[pre] @ (fan > 0).astype(np.float64)
    return StepCounts(neurons_of_cores(program), ops, reads, each)


def work_of(
    counts: StepCounts, phases: Mapping[Active, Steps], *, hops: Events, link: float = 0.0,
    runs: int = 1,
) -> tuple[PhaseWork, ...]:
    """Work of a run that is known step by step, by the phases that are active.

    Parameters
    ----------
    counts : StepCounts
    phases : mapping of names to int array
        All steps of the run by the phases that are active in them, as `step_classes` has them.
    hops : Events
        Of one of the runs; those of a phase are as its share of the packets.
    link : float
        Packets of one of the runs over the fullest link; those of a step as its share.
    runs : int
        What is counted is so many runs one after the other, and one is asked for.

    Raises
    ------
    UsageError
        If the phases have not every step once.
    """
    _check_each_once(phases, counts.steps)
    packets = counts.each["packets"]
    share = packets * runs / max(float(packets.sum()), 1.0)
    return tuple(PhaseWork(
        active, _events_in(steps, counts, hops, runs),
        neurons=float(counts.neurons.max(initial=0)),
        synaptic_ops=counts.synaptic_ops[steps].max(axis=1, initial=0),
        synaptic_reads=counts.synaptic_reads[steps].max(axis=1, initial=0),
        link_packets=link * share[steps], core=_busiest(counts, steps),
    ) for active, steps in phases.items())


def _busiest(counts: StepCounts, steps: Steps) -> int:
    """The core with most synaptic operations, or with most neurons where there are none."""
    operations = counts.synaptic_ops[steps].sum(axis=0)
    return int((operations if operations.any() else counts.neurons).argmax())


def _check_each_once(phases: Mapping[Active, Steps], steps: int) -> None:
    each = sorted(step for some in phases.values() for step in some.tolist())
    if not each or each != list(range(steps)):
        raise UsageError("phases have every step of a run once", found=f"{len(each)} steps",
                         expected=f"0 to {steps - 1}" if steps else "a run of some steps")


def _events_in(steps: Steps, counts: StepCounts, hops: Events, runs: int) -> Events:
    """Of one run; hops in proportion to packets."""
    events = counts.events(steps)
    share = events.packets / max(float(counts.each["packets"].sum()), 1.0)
    return replace(events.scaled(1 / runs), **{way: share * getattr(hops, way) for way in HOPS})


def neurons_of_cores(program: Program) -> Annotated[Int64, "cores"]:
    """Neurons of each core, shape (cores,)."""
    sizes = np.zeros(program.cores, np.int64)
    for piece in program.slices:
        sizes[piece.core] += piece.size
    return sizes


def _length(spikes: Trains) -> int:
    return max((len(train) for train in spikes.values()), default=0)


def _fans(
    program: Program, number: int
) -> dict[tuple[str, int], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Synapses and words that a spike of each neuron meets, by population and core."""
    network, pieces = program.units[number].network, program.slices_of(number)
    found: dict[tuple[str, int], tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    for projection in network.projections:
        used = used_synapses(projection)
        for piece in pieces[projection.post]:
            fan = used[piece.start : piece.stop].sum(axis=0, dtype=np.int64)
            words = (fan > 0) + -(-fan // WEIGHTS_A_WORD)
            before = found.get((projection.pre, piece.core), (0, 0))
            found[projection.pre, piece.core] = before[0] + fan, before[1] + words
    return found
