"""What is to be done in the steps of a run: what an estimate is made of, however it was counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuromorph.cost.events import Events
from neuromorph.cost.phases import Active
from neuromorph.shapes import Float64
from neuromorph.shown import Shown

Most: TypeAlias = "float | NDArray[np.float64]"
"""Of one step, where there is most of it: a number if all steps are alike, or step by step."""


@dataclass(frozen=True, eq=False, repr=False)
class PhaseWork(Shown):
    """Work of the steps in which the same phases are active.

    A clocked run gives it step by step (`neuromorph.cost.steps.work_of`); what is counted in
    another way gives one number for steps that are alike.

    Attributes
    ----------
    phases : tuple of str
        Empty for steps in no phase.
    events : Events
        All that happens, on all cores; ``steps`` says in how many steps.
    neurons : float or array, shape (steps,)
        Neurons that the fullest core updates in one step.
    synaptic_ops : float or array
        Synaptic operations in one step, on the core with most.
    synaptic_reads : float or array
        Words of 32 bits of synaptic memory that are read in one step, on the core with most; 0
        where that is not counted.
    link_packets : float or array
        Packets in one step over the fullest link between routers; 0 where that is not counted.
    core : int, optional
        The core that is printed as the busiest.
    """

    phases: Active
    events: Events
    neurons: Most = 0.0
    synaptic_ops: Most = 0.0
    synaptic_reads: Most = 0.0
    link_packets: Most = 0.0
    core: int | None = None

    def most(self) -> dict[str, Annotated[Float64, "_"]]:
        """The four of them, step by step, or one step for all."""
        found = np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, np.float64)) for value in (
            self.neurons, self.synaptic_ops, self.synaptic_reads, self.link_packets)))
        return dict(zip(("neurons", "synaptic_ops", "synaptic_reads", "link_packets"), found,
                        strict=True))
