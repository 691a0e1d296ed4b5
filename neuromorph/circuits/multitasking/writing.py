"""Patterns that a learning rule writes, one after another, instead of a matrix from a host.

::

    w <- w + 2 x0 y1 - 2 x0 y2          x0: the axon speaks; y1, y2: third factors, only in a write

    step   spins that fire           pattern mu                     what learns
    0      (a cue of what is 1)
    1      both of a spin that is 1  write_on speaks of mu          for, against
    2      both of a spin that is -1 write_off; mu fires once,      for, against;
                                     place_on, place_off            recall plus, recall minus

A place that is a gap has a silent axon and no third factor: nothing is added. Both neurons of a
spin fire, so that no pattern hears anything of a write; only the one that is written, of itself.
Without third factors nothing is learned, however much fires: the rule ``2^0*x0*y0`` alone would
go on learning in every retrieval, and knows no -1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuromorph.circuits.multitasking.build import DRIVE, WEIGHT, Multitasking, build, prove
from neuromorph.circuits.multitasking.retrieve import Spins, trains
from neuromorph.circuits.multitasking.store import WHERE, check_patterns
from neuromorph.errors import RangeProofError, UsageError
from neuromorph.learning import LearningRule
from neuromorph.network import Network, Phase, Port, Projection, Schedule
from neuromorph.network.ports import silence
from neuromorph.numerics.held import identity, zeros
from neuromorph.numerics.limits import STATE_MAX, WEIGHT_MAX, WEIGHT_MIN

RULE = LearningRule(dw=f"{WEIGHT}*x0*y1 - {WEIGHT}*x0*y2")

WRITE_STEPS = 3
"""Steps that a pattern takes."""

ON_AT, OFF_AT = 1, 2
"""Steps of a write in which places that are 1 and -1 are learned; a cue speaks a step before."""

MODULATORS = {
    "for": ("write_on", "write_off", None), "against": ("write_off", "write_on", None),
    "recall plus": ("place_on", "place_off", None),
    "recall minus": ("place_off", "place_on", None),
}
"""Third factors that add and take away, of each projection of patterns."""

LOUDEST = -WEIGHT_MIN // WEIGHT
"""Largest magnitude that a plastic synapse may come to stand for."""


def prove_written(numbers: Multitasking) -> Multitasking:
    """Show that no field leaves 24 bits, whatever 8-bit synapses come to hold.

    |h_i| + drive <= 128 K N + 254 2^e

    Raises
    ------
    UsageError, RangeProofError
        As `prove`.
    """
    prove(numbers)
    drive = DRIVE << numbers.drive_exponent
    if LOUDEST * numbers.count * numbers.size + drive > STATE_MAX:
        raise RangeProofError(
            "a field may leave its 24 bits, for synapses that learn may come to hold "
            f"{LOUDEST}", where=WHERE,
            found=f"{numbers.count} patterns of {numbers.size} spins",
            expected=f"at most {(STATE_MAX - drive) // (LOUDEST * numbers.size)} patterns of this "
                     "size", hint="fewer patterns, or written=static")
    return numbers


def build_written(numbers: Multitasking) -> Network:
    """The memory of `build` that holds nothing yet: a period is a write, then a query.

    ::

        write_on, write_off = y1, y2 of for, y2, y1 of against          one neuron a pattern
        place_on, place_off = y1, y2 of recall plus, y2, y1 of recall minus       one a spin
        write_on --> match       with go: the pattern that is written fires

    A host may write and ask in any order; a write's steps count from its own beginning. Plastic
    synapses take 8 bits and gaps are stored, where static ones take 2 and leave them out. Third
    factors: not on Loihi 1, nor are neurons that multiply.

    Raises
    ------
    UsageError, RangeProofError
        As `prove_written`.
    """
    prove_written(numbers)
    static = build(np.ones((numbers.count, numbers.size), np.int32), numbers.threshold,
                   numbers.sweeps)
    taught = _taught(numbers)
    fire = Projection("fire", "write_on", "match", identity(numbers.count, 1), port="a")
    query = () if static.schedule is None else static.schedule.phases
    return replace(
        static, name="multitasking_written",
        populations=(*static.populations, *(port.source for port in taught)),
        projections=(*map(_plastic, static.projections), fire),
        schedule=Schedule(WRITE_STEPS + numbers.period, (
            Phase("write", 0, WRITE_STEPS),
            *(Phase(p.name, p.start + WRITE_STEPS, p.stop + WRITE_STEPS) for p in query))),
        inputs=(*(_asked_later(port) for port in static.inputs), *taught),
        outputs=tuple(_asked_later(port) for port in static.outputs))


def _plastic(projection: Projection) -> Projection:
    if projection.name not in MODULATORS:
        return projection
    return replace(projection, weights=zeros(*projection.weights.shape), rule=RULE,
                   modulators=MODULATORS[projection.name])


SPOKEN = {"cue_on": (ON_AT - 1, OFF_AT - 1), "cue_off": (ON_AT - 1, OFF_AT - 1),
          "go": (OFF_AT - 1,), "match": (OFF_AT,)}
"""Steps of a write in which ports of the static memory speak."""


def _asked_later(port: Port) -> Port:
    """A port of the static memory, behind a write in which it may speak as well."""
    if port.steps is None:
        return port
    return replace(port, steps=(*SPOKEN[port.name], *(s + WRITE_STEPS for s in port.steps)))


def _taught(numbers: Multitasking) -> tuple[Port, ...]:
    """Third factors, which speak in a write only."""
    return tuple(Port(name, name, size, steps=(at,), says=says) for name, size, at, says in (
        ("write_on", numbers.count, ON_AT, "the pattern that is written"),
        ("write_off", numbers.count, OFF_AT, "the same, a step later"),
        ("place_on", numbers.size, OFF_AT, "places of the pattern that are 1"),
        ("place_off", numbers.size, OFF_AT, "places of the pattern that are -1"),
    ))


def written(
    numbers: Multitasking, patterns: ArrayLike, slots: ArrayLike | None = None
) -> NDArray[np.int32]:
    """W = 2 sum of the patterns that each slot was written, shape (count, size): a host's matrix.

    Parameters
    ----------
    numbers : Multitasking
    patterns : array of -1, 0 and 1, shape (writes, size)
    slots : int array, shape (writes,), optional
        Which slot each is written to; 0, 1, 2, … if left out.

    Raises
    ------
    TensorError, UsageError
        If patterns or slots are none of this memory's.
    RangeProofError
        If a synapse would clip on the way.
    """
    rows, places = _check(numbers, patterns, slots)
    weights = np.zeros((numbers.count, numbers.size), np.int32)
    for number, (slot, row) in enumerate(zip(places, rows, strict=True)):
        weights[slot] += WEIGHT * row
        if np.abs(weights[slot]).max() > WEIGHT_MAX:
            raise RangeProofError("a synapse would clip", where=f"{WHERE}, slot {slot}",
                                  found=f"write {number + 1} of {len(rows)} takes a weight to "
                                        f"{np.abs(weights[slot]).max()}",
                                  expected=f"at most {WEIGHT_MAX}",
                                  hint="write each pattern once, or patterns that differ")
    return weights


def write_trains(
    numbers: Multitasking, patterns: ArrayLike, slots: ArrayLike | None = None
) -> dict[str, Spins]:
    """What the sources say while patterns are written, shapes (steps, size); as of `written`."""
    rows, places = _check(numbers, patterns, slots)
    written(numbers, rows, places)
    inputs = silence(build_written(numbers).inputs, WRITE_STEPS * len(rows))
    begins = WRITE_STEPS * np.arange(len(rows))
    for at, sign, write, place in ((ON_AT, 1, "write_on", "place_on"),
                                   (OFF_AT, -1, "write_off", "place_off")):
        inputs["cue_on"][begins + at - 1] = inputs["cue_off"][begins + at - 1] = rows == sign
        inputs[write][begins + at, places] = 1
        inputs[place][begins + OFF_AT] = rows == sign
    inputs["go"][begins + OFF_AT - 1] = 1
    return inputs


def write_then_ask(
    numbers: Multitasking, patterns: ArrayLike, cues: NDArray[Any],
    slots: ArrayLike | None = None,
) -> tuple[dict[str, Spins], int, int]:
    """Trains that write all patterns, then ask; all their steps, and those of the writing."""
    writing = write_trains(numbers, patterns, slots)
    asking, steps = trains(numbers, cues)
    begun = len(writing["go"])
    both = {name: np.concatenate([train, asking[name] if name in asking else
                                  np.zeros((steps, train.shape[1]), np.int64)])
            for name, train in writing.items()}
    return both, begun + steps, begun


def _check(
    numbers: Multitasking, patterns: ArrayLike, slots: ArrayLike | None
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    rows = check_patterns("patterns", patterns)
    places = np.asarray(np.arange(len(rows)) if slots is None else slots)
    if rows.shape[1] != numbers.size:
        raise UsageError("patterns and memory differ in size", where=WHERE, found=rows.shape[1],
                         expected=numbers.size)
    whole = places.shape == (len(rows),) and np.issubdtype(places.dtype, np.integer)
    if not whole or places.min() < 0 or places.max() >= numbers.count:
        raise UsageError("there is no such slot", where=WHERE, found=places.tolist(),
                         expected=f"one of 0 to {numbers.count - 1} for each of {len(rows)} "
                                  "patterns")
    return rows, places.astype(np.int64)
