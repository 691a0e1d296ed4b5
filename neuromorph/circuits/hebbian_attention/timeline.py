"""What a host sends to the inputs while tokens are written and queries asked, in any order."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.hebbian_attention.ports import inputs_of
from neuromorph.circuits.hebbian_attention.rules import GATE
from neuromorph.circuits.hebbian_attention.sides import key_payloads, on_off
from neuromorph.circuits.hebbian_attention.writing import (
    CLEAR_AT,
    FIRE_AT,
    KEY_AT,
    LEARN_AT,
    LIFT_AT,
    lift_to_fire,
    write_steps,
)
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.motif import CLEAR
from neuromorph.circuits.latency_attention.pair import parts_of
from neuromorph.circuits.latency_attention.stimulus import (
    TAIL_STEPS,
    check_bias,
    check_queries,
    sweep,
)
from neuromorph.errors import UsageError
from neuromorph.network.ports import silence
from neuromorph.shapes import Bool, Int64, Integer


class Timeline:
    """A list of writes and queries, turned into trains.

    A write takes `write_steps` steps::

        0, 1   clear: every match neuron to the floor
        2      the key on its axons: x1 takes it (every axon speaks, a zero as payload 1)
        3      clear again: what the key did to the potentials
        4, 5   lift the slot from the floor past its threshold
        6      the slot fires; store and the value are sent in the same step: both rules learn
        5 - 7  the same of the second neuron of a slot, if there is one, with its part of the value

    Parameters
    ----------
    head : LatencyAttention
        Of the network that `build` made.

    Examples
    --------
    >>> timeline = Timeline(head)                                        # doctest: +SKIP
    >>> timeline.write(0, key, value)                                    # doctest: +SKIP
    >>> timeline.query(query, np.array([True, False, False, False]))     # doctest: +SKIP
    >>> inputs, steps = timeline.trains()                                # doctest: +SKIP
    """

    def __init__(self, head: LatencyAttention) -> None:
        self.head, self.step = head, 0
        self._writes: list[tuple[int, int, NDArray[Any], NDArray[Any]]] = []
        self._queries: list[tuple[int, NDArray[Any], NDArray[np.bool_]]] = []
        self._biases: dict[int, NDArray[Any]] = {}

    def write(
        self, slot: int, key: Annotated[Integer, "key_size"],
        value: Annotated[Integer, "value_size"],
    ) -> None:
        """Write a token into a slot; what the slot held is replaced.

        Raises
        ------
        UsageError
            If there is no such slot, or a code exceeds its limit.
        """
        head = self.head
        if not 0 <= slot < head.slots:
            raise UsageError("there is no such slot", found=slot, expected=f"0 to {head.slots - 1}")
        _check_codes("key", key, head.key_size, head.key_limit)
        _check_codes("value", value, head.value_size, head.value_limit)
        self._writes.append((self.step, slot, key, value))
        self.step += write_steps(self.head)

    def query(
        self, query: Annotated[Integer, "key_size"], mask: Annotated[Bool, "slots"],
        bias: Annotated[Integer, "slots"] | None = None,
    ) -> None:
        """Ask for one query; the mask must leave out slots that nothing was written to.

        ``bias`` (slots,), if any, is what the query adds to their scores.

        Raises
        ------
        UsageError
            If the query or its mask does not fit, or looks at a slot that holds nothing.
        """
        check_queries(self.head, query[None], mask[None])
        if bias is not None:
            check_bias(self.head, bias[None], mask[None].shape)
            self._biases[self.step] = np.where(mask, bias, 0)
        empty = np.ones(self.head.slots, bool)
        empty[[slot for _, slot, _, _ in self._writes]] = False
        if (mask & empty).any():
            raise UsageError("a query looks at a slot that nothing was written to",
                             found=int(np.flatnonzero(mask & empty)[0]),
                             hint="write the token first, or mask its slot")
        self._queries.append((self.step, query, mask))
        self.step += self.head.period

    @property
    def starts(self) -> Annotated[Int64, "_"]:
        """First step of each query's period, for `latency_attention.read_at`."""
        return np.array([start for start, _, _ in self._queries], np.int64)

    def trains(self) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
        """Source trains, arrays of shape (steps, size), and the number of steps."""
        head, steps = self.head, self.step + TAIL_STEPS
        inputs = silence(inputs_of(head), steps)
        for start, slot, key, value in self._writes:
            self._lay_write(inputs, start, slot, key, value)
        if self._queries:
            queries = np.array([query for _, query, _ in self._queries], np.int64)
            sweep(head, inputs, self.starts, np.array([mask for _, _, mask in self._queries]))
            inputs["query"][self.starts + head.query_at] = np.concatenate([-queries, queries],
                                                                          axis=1)
        for start, bias in self._biases.items() if head.bias_limit else ():
            inputs["bias"][start + head.query_at] = bias
        return inputs, steps

    def _lay_write(
        self, inputs: dict[str, NDArray[np.int64]], start: int, slot: int, key: NDArray[Any],
        value: NDArray[Any],
    ) -> None:
        inputs["drive"][start + np.array(CLEAR_AT)] = -CLEAR
        inputs["query"][start + KEY_AT] = key_payloads(np.concatenate(on_off(key)))
        head = self.head
        parts = parts_of(value, head.control_decay, head.neurons_per_key)
        for at, neuron, part in zip(range(start, start + len(parts)), range(
                slot, head.matches, head.slots), parts, strict=True):
            inputs["write"][at + LIFT_AT, neuron] = CLEAR
            inputs["write"][at + FIRE_AT, neuron] = lift_to_fire(head)
            inputs["store"][at + LEARN_AT, neuron] = GATE
            inputs["value_on"][at + LEARN_AT], inputs["value_off"][at + LEARN_AT] = on_off(part)
            inputs["renew"][at + LEARN_AT] = GATE


def causal(
    head: LatencyAttention, keys: Annotated[Integer, "tokens key_size"],
    values: Annotated[Integer, "tokens value_size"],
    queries: Annotated[Integer, "tokens key_size"],
    mask: Annotated[Bool, "tokens slots"] | None = None,
    bias: Annotated[Integer, "tokens slots"] | None = None,
) -> Timeline:
    """Token by token: write its key and value, then ask its query, which sees what is written.

    Parameters
    ----------
    keys, values, queries : int array, shape (tokens, size)
        Codes; there are as many tokens as slots, or fewer.
    mask : bool array, shape (tokens, slots), optional
        What a query may look at besides being causal.
    bias : int array, shape (tokens, slots), optional
        What a query adds to each slot's score.

    Raises
    ------
    UsageError
        If there is not one query a token, or a token does not fit.
    """
    if len(queries) != len(keys):
        raise UsageError("a causal sequence asks one query a token", found=len(queries),
                         expected=len(keys))
    seen = np.tri(len(keys), head.slots, dtype=bool)
    timeline = Timeline(head)
    for t in range(len(keys)):
        timeline.write(t, keys[t], values[t])
        timeline.query(queries[t], seen[t] if mask is None else seen[t] & mask[t],
                       None if bias is None else bias[t])
    return timeline


def write_then_query(
    head: LatencyAttention, keys: Annotated[Integer, "tokens key_size"],
    values: Annotated[Integer, "tokens value_size"],
    queries: Annotated[Integer, "questions key_size"],
    mask: Annotated[Bool, "questions tokens"] | None = None,
    bias: Annotated[Integer, "questions tokens"] | None = None,
) -> Timeline:
    """All tokens first, then all queries; parameters as for `causal`."""
    timeline = Timeline(head)
    for t in range(len(keys)):
        timeline.write(t, keys[t], values[t])
    for i, query in enumerate(queries):
        written = np.arange(head.slots) < len(keys)
        timeline.query(query, written if mask is None else written & mask[i],
                       None if bias is None else bias[i])
    return timeline


def _check_codes(name: str, codes: NDArray[Any], size: int, limit: int) -> None:
    found = np.asarray(codes)
    if found.shape != (size,) or not np.issubdtype(found.dtype, np.integer):
        raise UsageError(f"a {name} has the wrong shape or type",
                         found=f"{found.shape} {found.dtype}", expected=f"({size},) of integers")
    if np.abs(found.astype(np.int64)).max() > limit:
        raise UsageError(f"a {name} code exceeds its limit", expected=limit,
                         found=int(np.abs(found.astype(np.int64)).max()))
