"""How long a step lasts: as long as the largest of what it has to wait for.

::

    time of a step  =  max(neurons of the fullest core * time of one,
                           synaptic operations of the busiest core * time of one,
                           words that it reads of synaptic memory * time of one,
                           packets over the fullest link * time of one,
                           barrier, shortest step)

The largest and not the sum: Timcheck, Pierro and Shrestha hold this lower bound against Loihi 2
(arXiv 2601.10035; Pearson's r at least .97). What is not counted is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuromorph.cost.constants import Constants
from neuromorph.cost.work import PhaseWork
from neuromorph.shown import Shown

NANO = 1e-9

TERMS = {"neuron updates": ("neurons", "neuron_active"),
         "synaptic operations": ("synaptic_ops", "synaptic_op_dense"),
         "synaptic memory": ("synaptic_reads", "synaptic_read"),
         "fullest link": ("link_packets", "link")}
"""What a step may have to wait for: what is counted of it, and the constant of `Latency`."""

BARRIER, SHORTEST = "barrier", "shortest step"


@dataclass(frozen=True, repr=False)
class Lasting(Shown):
    """How long the steps of a phase last.

    Attributes
    ----------
    step_seconds : float
        Of a mean step.
    binding : str
        The term that most of that time is waited for.
    """

    step_seconds: float
    binding: str


def lasting(
    work: PhaseWork, constants: Constants, *, chips: int, step_min: float
) -> Lasting | None:
    """How long a mean step of a phase lasts; None where a constant is missing."""
    terms: dict[str, NDArray[np.float64]] = {}
    most = work.most()
    for name, (counted, constant) in TERMS.items():
        price = constants.price("latency", constant, float(most[counted].max(initial=0)))
        if price is not None:
            terms[name] = most[counted] * price
    barrier = constants.price("latency", "barrier_max" if chips == 1 else "barrier_board")
    if len(terms) < len(TERMS) or barrier is None:
        return None
    size = len(next(iter(terms.values())))
    terms[BARRIER], terms[SHORTEST] = np.full(size, barrier), np.full(size, step_min)
    table = np.stack(list(terms.values()))
    longest = table.max(axis=0)
    waited = np.bincount(table.argmax(axis=0), weights=longest, minlength=len(table))
    return Lasting(float(longest.mean()) * NANO, list(terms)[int(waited.argmax())])
