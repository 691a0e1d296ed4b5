"""What a run of the circuit says: numerators, normalisers, and how it went."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.errors import BackendError, UsageError
from neuromorph.shapes import Float64, Int32, Int64, Num
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Attended(Shown):
    """Integer results of a batch of queries; any leading axes.

    Attributes
    ----------
    control : int64 array, shape (..., queries, value_size)
        Numerators: sum_i keep^(last - n_i) 2 v_i, in units of the control potential.
    normaliser : int64 array, shape (..., queries)
        Denominators in the same units; 0 where every slot was masked.
    last : int64 array, shape (..., queries)
        Step of the last match spike after the query; -1 where there was none.
    spikes, forced : int64 array, shape (..., queries)
        Match spikes of the query, and how many of them the go pulse forced.
    context : int64 array, shape (..., queries, value_size), optional
        What an emitting read-out sent; see `emit`.
    times, payloads : int32 array, shape (..., queries, slots), optional
        Step at which each slot fired after the query (-1: masked), and what its spike carried. Of
        two neurons a slot it is the sum of both steps, so that it counts in half steps.
    """

    control: Annotated[Int64, "*batch queries value_size"]
    normaliser: Annotated[Int64, "*batch queries"]
    last: Annotated[Int64, "*batch queries"]
    spikes: Annotated[Int64, "*batch queries"]
    forced: Annotated[Int64, "*batch queries"]
    times: Annotated[Int32, "*batch queries slots"] | None = None
    payloads: Annotated[Int32, "*batch queries slots"] | None = None
    context: Annotated[Int64, "*batch queries value_size"] | None = None

    def differs_from(self, other: Attended) -> str | None:
        """Name of the first field that is not equal to the bit, or None.

        Spike times are compared where both sides recorded them.
        """
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine is not None and theirs is not None and not np.array_equal(mine, theirs):
                return field.name
        return None

    def split(self) -> list[Attended]:
        """One result a sequence, each with a batch axis of one."""
        return [self._at((slice(b, b + 1),)) for b in range(len(self.last))]

    def head(self, number: int) -> Attended:
        """Results of one head, with the batch axis but no axis of heads."""
        return self._at((slice(None), number))

    def _at(self, index: tuple[int | slice, ...]) -> Attended:
        arrays: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        part: dict[str, Any] = {name: None if array is None else array[index]
                                for name, array in arrays.items()}
        return Attended(**part)

    def weights(
        self, step_nats: float, neurons_per_key: int = 1, pause: int = 0
    ) -> Annotated[Float64, "*batch queries slots"]:
        """Attention weights that the spikes stand for, shape (..., queries, slots).

        w_i ∝ payload_i e^(step_nats (n_i - n_last)); a masked slot has none. After a pause step 0
        counts only where nobody fired later.

        Raises
        ------
        UsageError
            If spike times were not recorded.
        """
        if self.times is None or self.payloads is None:
            raise UsageError("spike times were not recorded", hint="ask for times=True")
        raw = np.zeros(self.times.shape)
        for steps, share in self._neurons(self.times, step_nats, neurons_per_key, pause):
            counts = (steps > 0) | (steps == 0) & ((self.last <= 0)[..., None] | (pause == 0))
            age = np.where(counts, self.last[..., None] - steps, 0)
            raw += np.where(counts, share * self.payloads * np.exp(-step_nats * age), 0.0)
        total = raw.sum(axis=-1, keepdims=True)
        return np.divide(raw, total, out=np.zeros_like(raw), where=total > 0)

    def _neurons(
        self, times: NDArray[np.int32], step_nats: float, neurons_per_key: int, pause: int
    ) -> Iterator[tuple[NDArray[np.int32], float]]:
        """Steps of the match neurons of each slot by number, and their shares of a value."""
        if neurons_per_key == 1:
            yield times, 1.0
            return
        first = np.where(times > 1 + pause, times // 2, np.minimum(times, 0))
        share = 1 / (1 + math.exp(-step_nats / 2))
        yield first, share
        yield np.where(times < 0, -1, times - first), 1 - share


def read(
    head: LatencyAttention, spikes: Callable[[str], Annotated[Num, "steps _"]],
    potential: Callable[[str], Annotated[Num, "steps _"]], queries: int,
) -> Attended:
    """Results of so many queries one after the other, from the run's first step on."""
    return read_at(head, spikes, potential, np.arange(queries) * head.period)


def read_at(
    head: LatencyAttention, spikes: Callable[[str], Annotated[Num, "steps _"]],
    potential: Callable[[str], Annotated[Num, "steps _"]], starts: Annotated[Int64, "queries"],
) -> Attended:
    """Sample control and normaliser when `done` fires, once a query.

    Parameters
    ----------
    head : LatencyAttention
    spikes, potential : callable
        Population name to recorded array, shape (steps, size).
    starts : int array, shape (queries,)
        First step of each query's period.

    Raises
    ------
    BackendError
        If `done` did not fire exactly once a query.
    """
    done_at = np.flatnonzero(spikes("done")[:, 0])
    if len(done_at) != len(starts):
        raise BackendError("the done neuron did not fire once a query",
                           where="latency attention", found=f"{len(done_at)} times",
                           expected=len(starts))
    arrival = starts[:, None] + head.arrival
    windows = spikes("match")[arrival + np.arange(head.window + 1)]
    fired = windows != 0
    counted = fired.sum(axis=2)
    control, normaliser = potential("control")[done_at], potential("normaliser")[done_at, 0]
    asked = counted.any(axis=1)  # with all slots masked, `done` fires before the flush
    return Attended(
        control=np.where(asked[:, None], control, 0).astype(np.int64),
        normaliser=np.where(asked, normaliser, 0).astype(np.int64),
        last=_latest(counted > 0).astype(np.int64), spikes=counted.sum(axis=1),
        forced=counted[:, -1], times=_of_slots(head, _latest(fired)).astype(np.int32),
        payloads=_per_neuron(head, windows.sum(axis=1))[0].astype(np.int32),
    )


def _per_neuron(head: LatencyAttention, found: NDArray[Any]) -> NDArray[Any]:
    """Of match neurons, shape (queries, matches), by number in a slot: (…, queries, slots)."""
    return np.moveaxis(found.reshape(len(found), head.neurons_per_key, head.slots), 1, 0)


def _of_slots(head: LatencyAttention, steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Step of each slot; of two neurons the sum of both, -1 where they are masked."""
    each = _per_neuron(head, steps)
    return np.where((each >= 0).all(axis=0), each.sum(axis=0), -1)


def _latest(happened: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Last step (axis 1) at which something happened, or -1."""
    steps = np.arange(happened.shape[1]).reshape(1, -1, *[1] * (happened.ndim - 2))
    latest: NDArray[np.int64] = np.where(happened, steps, -1).max(axis=1)
    return latest
