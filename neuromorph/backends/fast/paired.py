"""Plain spikes of two match neurons a key, or behind a pause, for a block of queries.

With h half steps (steps, where a key has one neuron) and p steps of pause,

    n of neuron s of c:  floor((h + s) / c), and p more where that is not 0

and what step 0 sent is forgotten when anybody fires later.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.backends.fast.closed_form import late_keys, settle, spill_all
from neuromorph.backends.fast.compiled import compiled
from neuromorph.backends.fast.lanes import LANES, keep, start
from neuromorph.backends.fast.memory import scratch
from neuromorph.backends.fast.scores import fill, hide, in_sight, products, span_of, tilt, without
from neuromorph.backends.fast.vectors import add, late_times


@compiled(forceinline=True)
def step_of(half_steps: int, neuron: int, neurons: int, pause: int) -> int:
    """When a neuron of a key fires."""
    n = (half_steps + neuron) // neurons
    return n + pause if n > 0 else 0


@compiled(forceinline=True)
def _due(late: Any, found: int, spec: Any, neurons: int, due: Any) -> int:
    """Half steps of late keys; how many neurons are forced. Whole vectors are written."""
    forced = 0
    for i in range(0, found, LANES):
        late_times(late, i, spec.offset, spec.inverse_step, spec.last_due, due)
    for i in range(found):
        for s in range(neurons):
            forced += step_of(due[i], s, neurons, spec.pause) == spec.window
    return forced


@compiled(forceinline=True)
def _scatter(
    values: Any, first: int, which: Any, due: Any, begin: int, stop: int, columns: int,
    neurons: int, spec: Any, parts: Any, mass: Any,
) -> None:
    """parts_n += value parts and mass_n += units of some keys' neurons, of each step n but 0."""
    for i in range(begin, stop):
        for s in range(neurons):
            n = step_of(due[i], s, neurons, spec.pause)
            if n > 0:
                of, to = first + (which[i] * neurons + s) * columns, n * columns
                mass[n] += spec.second_unit if s else spec.first_unit
                for j in range(0, columns, LANES):
                    add(parts, to + j, values, of + j)


@compiled(forceinline=True)
def _of_step_0(
    sums: Any, values: Any, sight: Any, r: int, mask: Any, parts: Any, masses: Any, seen: int,
    found: int, columns: int, neurons: int, spec: Any, held: Any,
) -> None:
    """What control and normaliser hold of step 0: nothing, if it was forgotten."""
    if spec.pause > 0 and found > 0:
        fill(held, 0, columns, 0)
        masses[0] = 0
        return
    in_sight(sums, values, sight, r, mask, held, columns, neurons)
    without(held, parts, masses, columns, spec.window)
    masses[0] = seen * spec.unit
    for n in range(1, spec.window + 1):
        masses[0] -= masses[n]
    for j in range(columns):
        held[j] = (held[j] << spec.left) >> spec.right


@compiled(forceinline=True)
def _tell(
    scores: Any, at: int, width: int, low: int, which: Any, found: int, due: Any, neurons: int,
    spec: Any, r: int, times: NDArray[np.int32], payloads: NDArray[np.int32],
) -> None:
    """The sum of the steps in which each key's neurons fired, -1 for none."""
    for i in range(times.shape[1]):
        times[r, i], payloads[r, i] = -1, 0
    for i in range(width):
        if scores[at + i] <= spec.cut:
            times[r, low + i], payloads[r, low + i] = 0, 1
    for j in range(found):
        total = 0
        for s in range(neurons):
            total += step_of(due[j], s, neurons, spec.pause)
        times[r, low + which[j]], payloads[r, low + which[j]] = total, 1


def attend_pairs(
    asked: Any, strips: Any, table: Any, sums: Any, sight: Any, mask: Any, bias: Any, spec: Any,
    control: Any, normaliser: Any, counts: Any, times: Any, payloads: Any,
) -> None:
    """A block of queries; see `kernel.attend_heads`."""
    (rows, depth), (_, neurons, columns), (low, width) = asked.shape, table.shape, span_of(sight)
    room, floats, ints = (spec.window + 1) * columns, np.empty(0, np.float32), np.empty(0, np.int32)
    held_by = (
        scratch(rows * width, floats), scratch(width + LANES, ints),
        scratch(width + LANES, floats), scratch(width + LANES, ints),
        scratch(room, np.empty(0, np.int16)), scratch(room, ints),
        np.zeros(spec.window + 1, np.int64), scratch(columns, ints))
    scores, which, late, due = (start(held_by[0]), start(held_by[1]), start(held_by[2]),
                                start(held_by[3]))
    parts, wide, mass, held = (start(held_by[4]), start(held_by[5]), start(held_by[6]),
                               start(held_by[7]))
    values, begin = start(table), low * neurons * columns
    products(start(asked), rows, depth, start(strips), low * depth, width, scores)
    fill(parts, 0, room, 0)
    fill(wide, 0, room, 0)
    for r in range(rows):
        tilt(scores, r * width, width, low, r, bias, spec.key_shift)
        seen = hide(scores, r * width, width, low, sight, r, mask)
        found = late_keys(scores, r * width, width, spec, which, late)
        counts[r, 1], counts[r, 2] = seen * neurons, _due(late, found, spec, neurons, due)
        for k in range(0, found, spec.exact):
            _scatter(values, begin, which, due, k, min(k + spec.exact, found), columns, neurons,
                     spec, parts, mass)
            spill_all(wide, parts, columns, mass, spec.window)
        _of_step_0(sums, values, sight, r, mask, wide, mass, seen, found, columns, neurons, spec,
                   held)
        normaliser[r], counts[r, 0] = settle(wide, mass, 1, spec, held, columns)
        for j in range(columns):
            control[r, j] = held[j]
        if len(times):
            _tell(scores, r * width, width, low, which, found, due, neurons, spec, r, times,
                  payloads)
    keep(held_by)
