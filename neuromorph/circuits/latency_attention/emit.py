"""The emitting read-out: a head's context leaves as graded spikes, and no host divides.

::

    match --> normaliser (`Reciprocal`) --1 / mass--> control (`Quotient`) --> context
    done  --> normaliser, control           flush --> both, silently

`done` fires in step d; the normaliser sends its reciprocal in d + 1, and control its context in
d + 2, which is control / normaliser as `read` would find both in step d.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention.circuit import HeadCircuit
from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.errors import RangeProofError, UsageError
from neuromorph.network import (
    Circuit,
    Network,
    Part,
    Population,
    Port,
    Projection,
    circuit,
    verify,
)
from neuromorph.neurons.counter import AT_ONCE
from neuromorph.neurons.quotient import Quotient, divided
from neuromorph.neurons.reciprocal import (
    DONE,
    FLUSH,
    SHARE,
    SIGNAL,
    Y_BITS,
    Reciprocal,
    reciprocal_payloads,
)
from neuromorph.numerics import multiply_shift
from neuromorph.numerics.limits import MULTIPLIER_MAX, PAYLOAD_BITS
from neuromorph.shapes import Int64, Integer, Shaped
from neuromorph.shown import Shown

CONTEXT_BITS = 12
"""Width of a context's payload, with its sign."""

FINEST = 0.25
"""Steps of the context that one of the quotient's 15 bits may stand for, at most."""

ANSWER_STEPS = 2
"""Steps from the spike of `done` to the context."""

FIRST_KNOWN = 1 + ANSWER_STEPS
"""Step of the next period by which the latest context is known: `done` speaks in its step 1."""

WHEN_KNOWN = -1
"""A context that waits for no step."""


@dataclass(frozen=True)
class Emission:
    """How control / normaliser becomes a payload.

    ::

        context = clip(MS(control / normaliser), -limit, limit)        1 unit of a code: gain
        MS(x) = round(2^15 x multiplier / 2^shift)

    Attributes
    ----------
    multiplier, shift, limit : int
        Of `Quotient`.
    """

    multiplier: int
    shift: int
    limit: int

    def gain(self, head: LatencyAttention) -> float:
        """Units of the context for one unit of a value's code."""
        return self.multiplier * 2.0 ** (Y_BITS - self.shift) * 2 / head.unit


@lru_cache
def emission_of(head: LatencyAttention, bits: int = CONTEXT_BITS) -> Emission:
    """The emission in which the largest value code is the largest payload of so many bits.

    Of fewer, where a quotient's 15 bits say no more: a step of the context is `FINEST` of theirs.

    Raises
    ------
    UsageError
        For a width of no payload, values of nothing, or a late flush that leaves no time.
    RangeProofError
        If the normaliser's unit is so small that a quotient would leave its 24 bits.
    """
    _check_pause(head)
    if not 2 <= bits <= PAYLOAD_BITS or head.value_limit < 1:
        raise UsageError("there is no such emission", where="emitting read-out",
                         found=f"{bits} bits, values up to {head.value_limit}",
                         expected=f"2 to {PAYLOAD_BITS} bits, values of at least 1")
    if head.unit < 2 * head.value_limit:
        raise RangeProofError("a quotient of control and normaliser could leave 24 bits",
                              where="emitting read-out", found=f"a unit of {head.unit}",
                              expected=f"at least {2 * head.value_limit}, twice a value's code",
                              hint="a larger unit, or smaller values")
    fine = FINEST * 2**Y_BITS * 2 * head.value_limit // head.unit
    limit = max(1, min((1 << (bits - 1)) - 1, int(fine)))
    wanted = limit * head.unit / (2 * head.value_limit) / 2**Y_BITS
    shift = int(np.floor(np.log2(MULTIPLIER_MAX / wanted)))
    return Emission(int(wanted * 2**shift), shift, limit)


def _check_pause(head: LatencyAttention) -> None:
    """Refuse a flush that would come before a context of step 0 is sent."""
    if 0 < head.pause <= ANSWER_STEPS:
        raise UsageError("a late flush comes before the context is sent", where="emitting read-out",
                         found=f"a pause of {head.pause}",
                         expected=f"no pause, or more than {ANSWER_STEPS} steps",
                         hint="export with late_flush=False, or let a host divide")


@circuit("emitting_attention")
@dataclass(frozen=True, repr=False)
class EmittingAttention(Circuit, Shown):
    """The network of `emitting`.

    The read-outs' sums are those of the head, whose rules bound them (`rules.RULES`): while
    every slot speaks once between two flushes, |v| is at most `control_bound`.
    """

    head_circuit: HeadCircuit
    emission: Emission
    at: int = WHEN_KNOWN
    turns: int = 1

    @property
    def input_bits(self) -> int | None:
        """As of the head."""
        return self.head_circuit.input_bits

    @property
    def clears(self) -> bool:
        """As of the head."""
        return self.head_circuit.clears

    def rebuilt(self, weights: Mapping[str, Annotated[Shaped, "..."]]) -> Network:
        """The head as it is rebuilt, with this read-out."""
        return emitting(self.head_circuit.rebuilt(weights), self.head_circuit.head,
                        self.emission, self.at, self.turns)


def emitting(
    network: Network, head: LatencyAttention, emission: Emission, at: int = WHEN_KNOWN,
    turns: int = 1,
) -> Network:
    """A head's network, static or written, with the emitting read-out in place of its own.

    Parameters
    ----------
    network : Network
        Of the head, as `build` or `hebbian_attention.build` makes it.
    head : LatencyAttention
    emission : Emission
    at : int
        Step of the next period in which the context is sent, whatever it was: what hears it knows
        when. By default it is sent as soon as it is known, in a step that depends on the query.
    turns : int
        Steps in which it is sent: neuron j in step at + j mod turns. What adds up a part of them
        at a time needs less room.

    Raises
    ------
    UsageError
        If a context would not be known by that step, or one more.
    """
    _check_pause(head)
    period = _period_of_context(network, head, at, turns)
    when = max(at, 0) if turns == 1 else (at + np.arange(head.value_size) % turns) % period
    models = {
        "normaliser": Reciprocal(dv=head.control_decay, lift=lift_of(head)),
        "control": Quotient(dv=head.control_decay, lift=lift_of(head),
                            multiplier=emission.multiplier, shift=emission.shift,
                            limit=emission.limit, period=period, at=when),
    }
    populations = tuple(replace(p, model=models.get(p.name, p.model)) for p in network.populations)
    projections = (*map(_silenced, network.projections),
                   *_asked(network.population("control")))
    parts = tuple(Part.whole(EmittingAttention(part.circuit, emission, at, turns),
                             populations, projections)
                  for part in network.parts if isinstance(part.circuit, HeadCircuit))
    return verify(replace(network, populations=populations, parts=parts, projections=projections,
                          outputs=tuple(_answers(network, populations, at, turns))))


def known_from(network: Network, head: LatencyAttention) -> tuple[int, int]:
    """Steps, from a period's beginning, in which its context is known: the first and the last.

    `done` speaks at the latest two steps after the last match, and the next answer comes no
    earlier than the next query.
    """
    phases = network.schedule.phases if network.schedule else ()
    ends = next((phase.stop for phase in phases if phase.name == "go"), head.period)
    again = network.period + ends - head.period + head.query_at
    return ends + 1 + ANSWER_STEPS, again + ANSWER_STEPS


def _period_of_context(network: Network, head: LatencyAttention, at: int, turns: int) -> int:
    if at == WHEN_KNOWN:
        return AT_ONCE
    period, (first, last) = network.period, known_from(network, head)
    if not 0 <= at < period or turns < 1 or (at - first) % period + turns - 1 > last - first:
        raise UsageError("a context cannot be sent in that step of a period",
                         where="emitting read-out", found=at,
                         expected=f"{first % period} to {(last - turns + 1) % period}, between two "
                         "answers")
    return period


def lift_of(head: LatencyAttention) -> int:
    """Bits by which the readers' input is shifted up: graded ones take it as it is."""
    return 0 if head.graded else head.control_shift


def _answers(
    network: Network, populations: Sequence[Population], when: int, turns: int
) -> Iterator[Port]:
    """The head's outputs; the read-outs speak so many steps after `done`, and at no other time."""
    at, done = {p.name: p for p in populations}, {p.name: p for p in network.outputs}.get("done")
    period = network.schedule.period if network.schedule else 0
    says = {"normaliser": (1, "a step after done: its reciprocal"),
            "control": (ANSWER_STEPS, "two steps after done: the context")}
    if when != WHEN_KNOWN:
        says["control"] = when, "in this step of the next period: the context"
    for port in network.outputs:
        if port.name not in says:
            yield port
            continue
        late, what = says[port.name]
        steps = done.later(late, period).steps if done else None
        if port.name == "control" and when != WHEN_KNOWN:
            steps = tuple(sorted((when + n) % period for n in range(turns)))
        yield Port.of(at[port.population], steps, what)


def _silenced(projection: Projection) -> Projection:
    """A flush that ends at the port that clears without a spike; its payload does not matter."""
    if projection.pre != "flush":
        return projection
    return replace(projection, exponent=0, port=SIGNAL, graded=False,
                   weights=FLUSH * projection.weights)


def _asked(control: Population) -> tuple[Projection, ...]:
    each, one = np.ones((control.size, 1), np.int32), np.ones((1, 1), np.int32)
    return (Projection("ask_mass", "done", "normaliser", DONE * one, port=SIGNAL),
            Projection("ask", "done", "control", DONE * each, port=SIGNAL),
            Projection("divide", "normaliser", "control", SHARE * each, graded=True, port=SIGNAL))


def contexts_of(
    heads: Sequence[LatencyAttention], control: Annotated[Int64, "*batch heads queries value_size"],
    normaliser: Annotated[Int64, "*batch heads queries"],
) -> Annotated[Int64, "*batch heads queries value_size"]:
    """What the read-outs of some heads send, in closed form: equal to the network's to the bit.

    Parameters
    ----------
    heads : sequence of LatencyAttention
    control : int64 array, shape (..., heads, queries, value_size)
        As the host reads them; see `Attended`.
    normaliser : int64 array, shape (..., heads, queries)

    Returns
    -------
    int64 array, shape of ``control``
        0 where the normaliser is 0.
    """
    emissions = [emission_of(head) for head in heads]
    multiplier, shift, limit = (np.array([getattr(e, name) for e in emissions])[:, None, None]
                                for name in ("multiplier", "shift", "limit"))
    share = divided(control, reciprocal_payloads(normaliser)[..., None])
    contexts: NDArray[np.int64] = np.clip(multiply_shift(share, multiplier, shift), -limit, limit)
    sent: NDArray[np.int64] = np.where(normaliser[..., None] > 0, contexts, 0)
    return sent


def read_contexts(
    spikes: Annotated[Integer, "steps value_size"], done: Annotated[Integer, "queries"]
) -> Annotated[Int64, "queries value_size"]:
    """Contexts of all queries, shape (queries, value_size).

    Parameters
    ----------
    spikes : int array, shape (steps, value_size)
        What control sent.
    done : int array, shape (queries,)
        Steps in which `done` fired.
    """
    contexts: NDArray[np.int64] = spikes[done + ANSWER_STEPS].astype(np.int64)
    return contexts


def with_time_to_answer(
    trains: Mapping[str, Annotated[Int64, "_ _"]], steps: int
) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
    """Trains of a host's read-out, longer by the steps until the last context is sent."""
    longer = {name: np.pad(train, ((0, ANSWER_STEPS), (0, 0))) for name, train in trains.items()}
    return longer, steps + ANSWER_STEPS
