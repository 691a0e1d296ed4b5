"""From codes of keys of a few dimensions to a network of gates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from neuromorph.circuits.latency_attention.motif import CLEAR, FLOOR
from neuromorph.errors import RangeProofError, TensorError, UsageError
from neuromorph.network import CubaLIF, Network, Phase, Population, Port, Projection, Schedule
from neuromorph.neurons.requantise import Requantise
from neuromorph.numerics.held import held, identity
from neuromorph.numerics.limits import (
    DECAY_UNITY,
    DELAY_MAX,
    EXPONENT_MAX,
    INPUT_MAX,
    PAYLOAD_BITS,
    VTH_MAX,
)
from neuromorph.shapes import Int32, Int64
from neuromorph.shown import Shown

QUERY_AT = 3
"""Step of a period in which the guess is sent: after two clears and a lift."""

ARRIVAL = QUERY_AT + 1

SWEEP = 100_000
"""A clear: two reach the floor from anywhere, and an inhibition may come with one."""

CODE_MAX = 63
"""Of a code, twice which a synapse of either sign holds."""

INHIBITION = 126


@dataclass(frozen=True, eq=False, repr=False)
class KeyGate(Shown):
    """Keys in a few dimensions, and how far below the best guess a gate still opens.

    Attributes
    ----------
    keys : int array, shape (keys, rank)
        Codes within ``limit``.
    limit : int
        Largest magnitude of a code of keys and queries, 1 to 63; 7 are 4 bits.
    ramp : int
        Units of twice a product of codes that a step stands for.
    margin : int
        Steps behind the first gate in which others still open, 1 to 62.
    top : int
        Score whose gate fires at once; better ones do too.
    window : int
        Steps of ramp. Who has not fired or been closed by then fires, so that a query of weak
        guesses opens every gate.
    """

    keys: Annotated[Int32, "keys rank"]
    limit: int
    ramp: int
    margin: int
    top: int
    window: int

    def __post_init__(self) -> None:
        keys = np.asarray(self.keys)
        if keys.ndim != 2 or not keys.size or not np.issubdtype(keys.dtype, np.integer):
            raise TensorError("keys of a gate have the wrong shape or type", where="key gate",
                              found=f"{keys.dtype}, shape {keys.shape}",
                              expected="whole numbers, (keys, rank), neither of them 0")
        for name, value, most in (
                ("limit", self.limit, CODE_MAX), ("ramp", self.ramp, VTH_MAX),
                ("margin", self.margin, DELAY_MAX), ("window", self.window, VTH_MAX)):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                raise UsageError(f"there is no such {name} of a gate", where="key gate",
                                 found=value, expected=f"1 to {most}")
        largest = int(np.abs(keys.astype(np.int64)).max())
        if largest > self.limit:
            raise TensorError("a key's code is beyond the limit", where="key gate", found=largest,
                              expected=f"at most {self.limit}")

    @property
    def score_bound(self) -> int:
        """The largest score, which is twice a product of codes."""
        return 2 * self.limit**2 * self.keys.shape[1]

    @property
    def go(self) -> int:
        """What makes the gate of the worst guess fire behind the ramp."""
        return max(self.ramp, self.score_bound + self.top - self.ramp * self.window)

    @property
    def threshold(self) -> int:
        """Just out of reach of a gate that has fired."""
        return self.ramp * self.window + self.go

    @property
    def known_at(self) -> int:
        """Step of a period in which closed gates speak to the head."""
        return ARRIVAL + self.window + 3

    @property
    def period(self) -> int:
        """Steps from one query to the next at the least: the last inhibition is over."""
        return ARRIVAL + self.window + self.margin + 3

    @cached_property
    def exponent(self) -> int:
        """Of the inhibition, from which no gate climbs back to its threshold.

        Raises
        ------
        RangeProofError
            If a synapse does not inhibit enough, or a sum of inputs may wrap.
        """
        found = max(0, int(np.ceil(np.log2(self.threshold / INHIBITION))))
        reach = self.score_bound + abs(self.top) + 2 * self.threshold
        if found > EXPONENT_MAX or reach > SWEEP + FLOOR + INPUT_MAX:
            raise RangeProofError("a gate may climb back behind its inhibition", where="key gate",
                                  found=max(self.threshold, reach),
                                  expected=f"at most {INHIBITION << EXPONENT_MAX}",
                                  hint="fewer dimensions, codes of fewer bits, or a shorter window")
        return found


def build(gate: KeyGate, period: int | None = None) -> Network:
    """Gates of keys, and what closed ones say to a head of `latency_attention`.

    ::

        n_i = clip(ceil((top - 2 a.b_i) / ramp), 0, window + 1)     the better, the sooner
        open: n_i <= min_j n_j + margin                 j: keys in sight

        guess --(2 b)--> gate --(margin steps later)--> stop --(-)--> gate     stock neurons
                         gate --(-2)--> closed <--(2)-- ask                    stock neurons
                         closed --> hold, count          (`Requantise`) a payload for the head's
                                                         ports ``mask`` and ``excused``

    The first gate that fires on the ramp is the pooled maximum; what it starts inhibits all that
    have not fired ``margin`` steps later. A gate that fired takes away what would make its
    ``closed`` neuron speak.

    Parameters
    ----------
    gate : KeyGate
    period : int, optional
        Steps from one query to the next, as the head has them; as few as can be if left out.

    Raises
    ------
    RangeProofError
        If a sum might wrap, or an inhibition be too small.
    UsageError
        If the period is too short.
    """
    steps = gate.period if period is None else period
    if steps < gate.period:
        raise UsageError("a period is shorter than its gates take", where="key gate", found=steps,
                         expected=f"at least {gate.period}",
                         hint="a steeper ramp or a smaller margin")
    count = len(gate.keys)
    ports = _inputs(gate)
    gates = Population("gate", count, CubaLIF(du=DECAY_UNITY, dv=0, vth=gate.threshold))
    stop, closed = (Population(name, size, CubaLIF(du=DECAY_UNITY, dv=0, vth=0))
                    for name, size in (("stop", 1), ("closed", count)))
    hold = Population("hold", count, Requantise(multiplier=CLEAR // 2, shift=1, limit=CLEAR))
    excused = Population("count", 1, Requantise(multiplier=1, shift=1, limit=count))
    return Network(
        "key_gate", "fixed", (*(port.source for port in ports), gates, stop, closed, hold, excused),
        _projections(gate, count), Schedule(steps, (
            Phase("clear", 0, 2), Phase("lift", 2, QUERY_AT), Phase("query", QUERY_AT, ARRIVAL),
            Phase("ramp", ARRIVAL, ARRIVAL + gate.window + 1),
            Phase("ask", ARRIVAL + gate.window + 1, ARRIVAL + gate.window + 2))),
        (), ports,
        (Port.of(hold, (gate.known_at % steps,), "what hides a closed key from its match neuron"),
         Port.of(excused, (gate.known_at % steps,), "how many are closed")))


def waveform(gate: KeyGate) -> Annotated[Int64, "steps"]:
    """What the drive axon says in the steps of a query: clear, lift, ramp, go."""
    lift = gate.threshold - gate.top - FLOOR - SWEEP
    return np.array([-SWEEP, -SWEEP, SWEEP, lift, *[gate.ramp] * gate.window, gate.go], np.int64)


def _inputs(gate: KeyGate) -> tuple[Port, ...]:
    drive = waveform(gate).tolist()
    return (
        Port("guess", "guess", gate.keys.shape[1], gate.limit.bit_length() + 1, -gate.limit,
             gate.limit, (QUERY_AT,), "codes of a query, in the gate's dimensions"),
        Port("drive", "drive", 1, PAYLOAD_BITS, -SWEEP, max(drive), tuple(range(len(drive))),
             "in every step: clear, lift, ramp, go (waveform)",
             course=tuple((t, t + 1, value, value) for t, value in enumerate(drive))),
        Port("mask", "mask", len(gate.keys), PAYLOAD_BITS, 0, SWEEP, (2,),
             f"{SWEEP} for every key that is hidden"),
        Port("ask", "ask", 1, 0, 0, 1, (ARRIVAL + gate.window + 1,), "a spike: who is closed?"),
    )


def _projections(gate: KeyGate, count: int) -> tuple[Projection, ...]:
    every = np.ones((count, 1), np.int32)
    return (
        Projection("match", "guess", "gate", held(2 * np.asarray(gate.keys, np.int32)),
                   graded=True),
        Projection("sweep", "drive", "gate", held(every), graded=True),
        Projection("hide", "mask", "gate", identity(count, -1), graded=True),
        Projection("first", "gate", "stop", held(2 * every.T), delay=gate.margin - 1),
        Projection("inhibit", "stop", "gate", held(-INHIBITION * every), exponent=gate.exponent),
        Projection("opened", "gate", "closed", identity(count, -2)),
        Projection("who", "ask", "closed", held(2 * every)),
        Projection("silence", "closed", "hold", identity(count, 4)),
        Projection("tally", "closed", "count", held(2 * every.T)),
    )
