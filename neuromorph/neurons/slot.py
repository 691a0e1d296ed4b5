"""Slots in turn: a ring that is written slot by slot, and begins anew when it is full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NetworkError
from neuromorph.neurons.constant import Constant
from neuromorph.neurons.contract import Parameter, Range, State, Stepped
from neuromorph.neurons.registry import register
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import STATE_MAX

PLACE, SLOTS, EMPTY, PAYLOAD, STEPS, PERIOD, PULSE_AT, AT = range(8)
TURN, HOT, WRITTEN = range(3)


def _kernel(own: Any, state: Any, arrived: Any, i: int, last: int, t: int) -> int:
    if t % own[i, PERIOD] == own[i, PULSE_AT]:
        state[i, HOT] = 0
        again = arrived[i, 0] < -1
        if arrived[i, 0] < 0:
            state[i, TURN] = 0
            if not again:
                state[i, WRITTEN] = 0
        if arrived[i, 0] > 0 or again:
            state[i, TURN] = state[i, TURN] % own[i, SLOTS] + 1
            if state[i, TURN] == own[i, PLACE] + 1:
                state[i, HOT] = 1
                state[i, WRITTEN] = 1
    if (t - own[i, AT]) % own[i, PERIOD] >= own[i, STEPS]:
        return 0
    speaks = state[i, WRITTEN] == 0 if own[i, EMPTY] else state[i, HOT] != 0
    sent: int = own[i, PAYLOAD] if speaks else 0
    return sent


@register
@dataclass(frozen=True, eq=False)
class Slot(Constant):
    """Neuron of a programmable core that knows when it is its slot's turn, and says so.

    ::

        turn    = turn mod slots + 1               at a pulse, 0 before the first; 1 at one of -2
        hot     = a pulse came, and turn = place + 1
        written = written or hot
        s[t]    = payload where hot                of one for the empty slots: where not written
                                                   while (t - at) mod period < steps, else 0

    A pulse is a sum above 0 where t mod period = pulse_at. One of -1 makes all slots empty; one
    below that is the first slot's, whose turn it is again while all stay written. None leaves
    them as they are, and no slot is hot. All slots hear all pulses and count them, so that
    the ring needs no neighbours: slot 0 has its turn at the first pulse, the next at the next, and
    after the last it begins anew. Populations of them, all fed by the same pulses, say different
    things of the same slots in different steps.

    Attributes
    ----------
    place : int
        Which slot it is, from 0; an array, unless there is a single one.
    slots : int
        How many there are.
    empty : int
        0 or 1: whether it speaks for its slot while that is empty, and not while it is hot.
    payload : int or float
        24 bits, signed. One number, or one a neuron.
    steps : int
        How many steps it speaks, from ``at`` on.
    period, pulse_at, at : int
        When it hears a pulse, which it does first, and when it begins to speak.
    """

    place: Parameter = 0
    slots: int = 1
    empty: int = 0
    payload: Parameter = 1
    steps: int = 1
    period: int = 2
    pulse_at: int = 0
    at: int = 1

    words: ClassVar[tuple[str, ...]] = ("turn", "hot", "written")
    records: ClassVar[tuple[str, ...]] = ("spikes", "turn", "hot", "written")
    by_neuron: ClassVar[tuple[str, ...]] = ("place", "payload")
    whole: ClassVar[tuple[str, ...]] = ("place", "slots", "empty", "steps", "period", "pulse_at",
                                        "at")
    moments: ClassVar[tuple[str, ...]] = ("pulse_at", "at")
    at_once: ClassVar[bool] = True
    process: ClassVar[str] = "neuromorph.processes.slot.process:Slot"
    kernel = staticmethod(_kernel)

    @property
    def self_driven(self) -> bool:
        """Whether it speaks before anything came."""
        return bool(self.empty)

    def limits(self, domain: str) -> dict[str, Range]:
        """What each parameter may be."""
        return {"place": (0, STATE_MAX - 1), "slots": (1, STATE_MAX), "empty": (0, 1),
                **self.moments_within(domain)}

    def check(self, where: str, size: int, domain: str) -> None:
        """Besides the limits: each place is one of the slots."""
        super().check(where, size, domain)
        if np.max(self.place) >= self.slots:
            raise NetworkError("a slot has a place that there is not", where=where,
                               found=int(np.max(self.place)), expected=f"0 to {self.slots - 1}")

    def _step(self, state: State, a_in: NDArray[Any], t: int) -> Stepped:
        turn, hot, written = (state[word] for word in self.words)
        if self.is_moment(t, "pulse_at"):
            again, backs = a_in < -1, a_in < 0
            comes = (a_in > 0) | again
            turn = np.where(backs, 0, turn)
            turn = np.where(comes, turn % self.slots + 1, turn)
            hot = (comes & (turn == self.place + 1)).astype(turn.dtype)
            written = np.where(backs & ~again, 0, np.maximum(written, hot))
        speaks = (written == 0 if self.empty else hot != 0) & self.due(t)
        return ({"turn": turn, "hot": hot, "written": written},
                np.where(speaks, self.payload, 0))

    def payloads(self, size: int, arrived: Mapping[str, Interval]) -> Interval:
        """Whatever arrives."""
        return self.widest(size)
