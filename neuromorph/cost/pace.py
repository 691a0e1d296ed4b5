"""The same work of a token at another pace: pipelined over tokens, or in several passes.

In serial generation every block ticks in every step of a token, though one of them has something
to do: neuron updates then take several times what synapses take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from neuromorph.cost.events import Events
from neuromorph.cost.work import PhaseWork
from neuromorph.errors import UsageError

PIPELINED = ("pipelined",)


def pipelined(work: Sequence[PhaseWork], period: float) -> tuple[PhaseWork, ...]:
    """One token every so many steps, each block at work on another token.

    ::

        neuron updates of a token  =  neurons * period            instead of  neurons * its steps
        spikes, operations, packets, learning: as they were
        time of a step  =  of the phase that takes longest, since all are active in every step

    Parameters
    ----------
    work : sequence of PhaseWork
        Of one token by itself.
    period : float
        Steps from one token to the next, at most those of one token.

    Raises
    ------
    UsageError
        If the period is none, or longer than the token by itself.
    """
    whole = reduce(Events.then, (each.events for each in work))
    if not 0 < period <= whole.steps:
        raise UsageError("a pipeline's period is within the steps of one token", where="period",
                         found=period, expected=f"more than 0, at most {whole.steps:g}")
    ticks = period / whole.steps
    events = replace(whole, neuron_steps=whole.neuron_steps * ticks,
                     multiplies=whole.multiplies * ticks, divides=whole.divides * ticks,
                     steps=period)

    def most(name: str) -> float:
        return max(float(each.most()[name].max()) for each in work)

    return (PhaseWork(PIPELINED, events, neurons=most("neurons"),
                      synaptic_ops=most("synaptic_ops"), synaptic_reads=most("synaptic_reads"),
                      link_packets=most("link_packets")),)


def passes_of(work: Sequence[PhaseWork], passes: int) -> tuple[PhaseWork, ...]:
    """The same work so many times: an encoder streams its sequence layers + 1 times.

    Raises
    ------
    UsageError
        If there is no pass.
    """
    if passes < 1:
        raise UsageError("there is at least one pass", where="passes", found=passes, expected="1")
    return tuple(replace(each, events=each.events.scaled(passes)) for each in work)
