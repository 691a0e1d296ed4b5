"""Learning rules, traces and draws of plastic projections, as the records that `learn` reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.flat import HEIGHT as WIRE_HEIGHT
from neuromorph.backends.fast.flat import OFFSET, FlatNetwork
from neuromorph.backends.fast.flat import WIDTH as WIRE_WIDTH
from neuromorph.backends.fast.records import address
from neuromorph.learning import Factor, LearningRule, Term, make_draws
from neuromorph.learning.arithmetic import FRACTION_BITS, WEIGHT_BOUNDS
from neuromorph.learning.rule import TRACES
from neuromorph.network import Network, Projection
from neuromorph.network.model import THIRD
from neuromorph.shown import Shown

(SIZE, COUNT, QUIET, KINDS, CODE_FIRST, TRACE, HISTORY, SPIKE, WHO, TABLE, HOLDS, KEEPS, WHOLE,
 FRACTION, MOVES, DECAY_DRAWS, IMPULSE_DRAWS, SIDE_END) = range(18)
"""A record of one side of a projection, the neurons before it or behind.

How many neurons; how many have spiked in this epoch; whether the whole history is 0; how many
traces there are, and the code of the first. Then the addresses of: traces, shape (traces, size);
the same after each step of the epoch, from 1, shape (epoch + 1, traces, size); the step of the last
spike in the epoch, 0 for none; who has spiked in it; what neurons bring into products, shape
(terms, epoch + 1, size), and whether each row of that holds anything, see `sides`; what a step
leaves of each trace, its impulse's whole part and fraction, whether it can be anything but 0; and
the draws of each step.
"""

(WIRE, WIDTH, HEIGHT, EPOCH, OVERWRITE, LOW, HIGH, RATE, UNDER_X0, UNDER_Y0, Y0_WEIGHTS, Y0_TAGS,
 MODULATED, THIRD_FACTOR) = range(14)
(TERM_COUNT, TERM_WIDTH, TERMS, AGAIN_DRAWS, SYNAPSE_DRAWS, WEIGHTS, TAGS, LOWEST) = range(17, 25)
(ACTIVE, TOTAL, TAG_TOTAL, PRODUCT, VECTOR, GATHERED, GATHERED_TAGS, DONE) = range(25, 33)
(ROOM, WAITING, TAKEN, WAIT_WHO, WAIT_WHEN, WAIT_SPIKES, WAIT_LIMIT, WAIT_SLOT, WAIT_X, WAIT_Y,
 SINCE, MAKE_UP, LEARN, AT_ONCE) = range(33, 47)
X_SIDE = 47
Y_SIDE = X_SIDE + SIDE_END
RECORD_END = Y_SIDE + SIDE_END
"""A record of one plastic projection.

Its wire and sizes, and its rule: what terms under y0 do with weights, and with tags, is one of
`NOTHING`, `READ` and `CHANGED`; three third factors are first neurons, or -1. How many terms there
are, how many numbers each has, and the addresses of these, of draws, weights and tags; whether a
tag may be as low as it can be. Addresses of room to work in: whether a term's condition is met
anywhere, sums and what goes into them along a line of synapses, some weights and tags of it, and
for each presynaptic neuron whether all its synapses are up to date. What waits: see `pending`.
The addresses of what brings one presynaptic neuron up to date, and of `learning`; and whether
nothing waits.
"""

NOTHING, READ, CHANGED = range(3)

ON_TAG, CONDITION, MANTISSA, RIGHT, LEFT, X_END, SIDES_END, FACTORS_END, FACTOR = range(9)
"""Numbers of a term. Its factors are sorted: first those of the presynaptic neuron, then those of
the postsynaptic one, then those of the synapse; three numbers say where each kind ends."""

CODE, CONSTANT, LEAST, MOST, FACTOR_END = range(5)
"""Numbers of a factor: what it is, what is added, and the clip of that: for a sign -1 to 1."""

X0, Y0, U = range(3)
X1, X2, Y1, Y2, Y3, WEIGHT, TAG, X0_FACTOR, Y0_FACTOR = range(9)
CODES = {"x1": X1, "x2": X2, "y1": Y1, "y2": Y2, "y3": Y3, "w": WEIGHT, "t": TAG,
         "x0": X0_FACTOR, "y0": Y0_FACTOR}
CONDITIONS = {"x0": X0, "y0": Y0, "u": U}
SIDE_OF = {**dict.fromkeys((X1, X2, X0_FACTOR), 0), **dict.fromkeys((Y1, Y2, Y3, Y0_FACTOR), 1),
           WEIGHT: 2, TAG: 2}

SMALL = 1 << 17
"""So many synapses stay in a core's cache: those behind a spike are changed at once."""

EPOCHS = 16
"""How many epochs may wait."""

PADDED = 32
"""Gathered synapses are looked at in so many at a time, as many as a loop over vectors takes."""


@dataclass(frozen=True, repr=False)
class Plasticity(Shown):
    """All that `clock` needs to let weights learn.

    Attributes
    ----------
    records : int64 array, shape (projections, RECORD_END)
    tags : int16 array
        Beside `FlatNetwork.learned`.
    kept : list of arrays
        What the records point to.
    """

    records: NDArray[np.int64]
    tags: NDArray[np.int16]
    kept: list[NDArray[Any]]


def flatten_plasticity(
    network: Network, flat: FlatNetwork, steps: int, make_up: int, learn: int
) -> Plasticity:
    """Lay the plastic projections of a network out for `learn`.

    Parameters
    ----------
    network : Network
    flat : FlatNetwork
        The same network.
    steps : int
    make_up, learn : int
        Addresses of compiled functions.
    """
    made = Plasticity(np.zeros((len(network.plastic), RECORD_END), np.int64),
                      np.zeros(len(flat.learned), np.int16), [flat.learned])
    room = _room(network.plastic, made)
    wires = [i for i, p in enumerate(network.projections) if p.rule is not None]
    for record, wire, p in zip(made.records, wires, network.plastic, strict=True):
        row, rule = flat.wiring[wire], p.rule or LearningRule()
        record[WIRE], record[WIDTH], record[HEIGHT] = wire, row[WIRE_WIDTH], row[WIRE_HEIGHT]
        record[EPOCH : MODULATED + 1] = [
            rule.epoch, rule.payload == "overwrite", *WEIGHT_BOUNDS[rule.sign],
            -1 if rule.decimation is None else rule.decimation, *_uses(rule), p.modulated]
        record[THIRD_FACTOR : THIRD_FACTOR + len(THIRD)] = [
            -1 if name is None else flat.first[name] for name in p.modulators]
        record[WEIGHTS], record[TAGS] = (
            address(of) + int(row[OFFSET]) * of.itemsize for of in (flat.learned, made.tags))
        record[ACTIVE : DONE + 1] = room[ACTIVE : DONE + 1]
        record[MAKE_UP], record[LEARN] = make_up, learn
        record[AT_ONCE] = p.weights.size <= SMALL
        _write_terms(record, rule, made)
        _write_waiting(record, made)
        _write_sides(record, p, rule, steps, made)
        for side in (X_SIDE, Y_SIDE):
            record[side + TABLE], record[side + HOLDS] = room[side + TABLE], room[side + HOLDS]
    return made


def _new(made: Plasticity, values: Any, kind: Any = np.int32) -> int:
    """The address of an array that is kept; of zeros, if ``values`` is a shape."""
    array = (np.zeros(values, kind) if isinstance(values, tuple)
             else np.ascontiguousarray(values, kind))
    made.kept.append(array)
    return address(array)


def _room(plastic: Sequence[Projection], made: Plasticity) -> NDArray[np.int64]:
    """A record's fields for room to work in, enough for the largest of the projections."""
    height, width = (max((p.weights.shape[axis] for p in plastic), default=0) for axis in (0, 1))
    rules = [p.rule for p in plastic if p.rule is not None]
    terms = max((len(_terms(rule)) for rule in rules), default=0)
    steps, line = max((rule.epoch for rule in rules), default=0) + 1, (max(height, width) + PADDED,)
    room = np.zeros(RECORD_END, np.int64)
    room[ACTIVE], room[DONE] = _new(made, (terms,)), _new(made, (width,))
    for field in (TOTAL, TAG_TOTAL, PRODUCT, VECTOR):
        room[field] = _new(made, line)
    for field in (GATHERED, GATHERED_TAGS):
        room[field] = _new(made, line, np.int16)
    for side, size in ((X_SIDE, width), (Y_SIDE, height)):
        room[side + TABLE] = _new(made, (terms * steps * size,))
        room[side + HOLDS] = _new(made, (terms * steps,))
    return room


def _terms(rule: LearningRule) -> tuple[Term, ...]:
    return (*rule.weight_terms, *rule.tag_terms)


def _write_terms(record: NDArray[np.int64], rule: LearningRule, made: Plasticity) -> None:
    terms = _terms(rule)
    widest = max(len(term.factors) for term in terms)
    rows = [_term_row(int(i >= len(rule.weight_terms)), term, widest)
            for i, term in enumerate(terms)]
    record[TERM_COUNT], record[TERM_WIDTH] = len(rows), len(rows[0])
    record[TERMS] = _new(made, rows)


def _term_row(on_tag: int, term: Term, widest: int) -> list[int]:
    def side(factor: Factor) -> int:
        return SIDE_OF[CODES[factor.variable]]

    factors = sorted(term.factors, key=side)
    sides = [side(factor) for factor in factors]
    row = [on_tag, CONDITIONS[term.condition], term.mantissa, term.right_shift, term.left_shift,
           sides.count(0), sides.count(0) + sides.count(1), len(sides)]
    for factor in factors:
        clip = (-1, 1) if factor.sign else (-(1 << factor.width), (1 << factor.width) - 1)
        row += [CODES[factor.variable], factor.constant, *clip]
    return row + [0] * (FACTOR_END * (widest - len(factors)))


def _uses(rule: LearningRule) -> list[int]:
    """Whether there are terms under x0, and under y0; what these do with weights and tags."""
    read = {f.variable for term in _terms(rule) if term.condition == "y0" for f in term.factors}
    does = [CHANGED if any(term.condition == "y0" for term in changing)
            else READ if name in read else NOTHING
            for name, changing in (("w", rule.weight_terms), ("t", rule.tag_terms))]
    conditions = {term.condition for term in _terms(rule)}
    return [int("x0" in conditions), int("y0" in conditions), *does]


def _write_waiting(record: NDArray[np.int64], made: Plasticity) -> None:
    """Room for some epochs, of ``x`` for one at least."""
    epoch, terms, height = (int(record[field]) for field in (EPOCH, TERM_COUNT, HEIGHT))
    width, room = int(record[WIDTH]), max(EPOCHS, epoch)
    record[ROOM] = room
    for field, shape in ((WAIT_WHO, (room, height)), (WAIT_WHEN, (room, height)),
                         (WAIT_SPIKES, (room,)), (WAIT_LIMIT, (room,)),
                         (WAIT_SLOT, (room, epoch + 1)), (WAIT_X, (room, terms, width)),
                         (WAIT_Y, (room, terms, height + PADDED)), (SINCE, (width,))):
        record[field] = _new(made, shape)


def _write_sides(
    record: NDArray[np.int64], projection: Projection, rule: LearningRule, steps: int,
    made: Plasticity,
) -> None:
    draws = make_draws(rule.seed, steps, rule.epoch)
    record[AGAIN_DRAWS] = _new(made, draws.y_again, np.int64)
    record[SYNAPSE_DRAWS] = _new(made, draws.synapse, np.float64)
    third = dict(zip(THIRD, projection.modulators, strict=True))
    for at, size, names, decay, impulse in (
            (X_SIDE, record[WIDTH], TRACES[:2], draws.x_decay, draws.x_impulse),
            (Y_SIDE, record[HEIGHT], TRACES[2:], draws.y_decay, draws.y_impulse)):
        side, kinds = record[at : at + SIDE_END], len(names)
        side[SIZE], side[QUIET], side[KINDS] = size, 1, kinds
        side[CODE_FIRST] = CODES[names[0]]
        side[TRACE], side[HISTORY] = (_new(made, (count, size))
                                      for count in (kinds, (rule.epoch + 1) * kinds))
        side[SPIKE], side[WHO] = _new(made, (size,)), _new(made, (size,))
        impulses = np.array([rule.impulse(name) for name in names])
        whole = np.floor(impulses)
        side[KEEPS] = _new(made, [rule.keeps(name) for name in names], np.float64)
        side[WHOLE] = _new(made, whole)
        side[FRACTION] = _new(made, np.rint((impulses - whole) * (1 << FRACTION_BITS)))
        side[MOVES] = _new(made, [
            rule.impulse(name) > 0 or third.get(name) is not None
            or (name == "x1" and rule.payload == "overwrite") for name in names])
        side[DECAY_DRAWS] = _new(made, decay, np.float64)
        side[IMPULSE_DRAWS] = _new(made, impulse, np.int64)
