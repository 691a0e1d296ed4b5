"""What a host sends to a head's inputs for a sequence of queries, and what to record."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.circuits.latency_attention.drive import drive_waveform
from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.circuits.latency_attention.ports import flushes, inputs_of
from neuromorph.circuits.latency_attention.slope import near_of, pace_of, takes_bias
from neuromorph.errors import UsageError
from neuromorph.network import Probe
from neuromorph.network.ports import silence
from neuromorph.shapes import Bool, Int64, Integer

PROBES = (
    Probe("match", "spikes"),
    Probe("control", "v"),
    Probe("normaliser", "v"),
    Probe("done", "spikes"),
)
"""What `read` needs."""

TAIL_STEPS = 3
"""Steps after the last query's go pulse until its read-out has settled."""


def stimulate(
    head: LatencyAttention,
    queries: Annotated[Integer, "queries rank"],
    mask: Annotated[Bool, "queries keys"] | None = None,
    occupied: Annotated[Bool, "slots"] | None = None,
    bias: Annotated[Integer, "queries slots"] | None = None,
) -> tuple[dict[str, Annotated[Int64, "_ _"]], int]:
    """Source trains for queries one after the other.

    Parameters
    ----------
    head : LatencyAttention
    queries : integer array, shape (queries, key_size)
        Codes in [-query_limit, query_limit].
    mask : bool array, shape (queries, slots), optional
        True where a query may look; everywhere if left out.
    occupied : bool array, shape (slots,), optional
        As the network was built.
    bias : integer array, shape (queries, slots), optional
        What each query adds to the slots' scores, in [-bias_limit, bias_limit]; nothing if left
        out. What it says of hidden slots is not sent. A head with a slope makes its own.

    Returns
    -------
    inputs : dict of int64 arrays, shape (steps, size)
    steps : int
    """
    count = len(queries)
    if mask is None:
        mask = np.ones((count, head.slots), bool)
    check_queries(head, queries, mask)
    check_bias(head, bias, mask.shape)
    steps = count * head.period + TAIL_STEPS
    starts = np.arange(count) * head.period
    inputs = silence(inputs_of(head), steps)
    sweep(head, inputs, starts, mask, occupied)
    inputs["query"][starts + head.query_at] = queries
    if bias is not None and takes_bias(head):
        inputs["bias"][starts + head.query_at] = np.where(mask, bias, 0)
    return inputs, steps


def sweep(
    head: LatencyAttention, inputs: dict[str, Annotated[Int64, "_ _"]],
    starts: Annotated[Int64, "queries"], mask: Annotated[Bool, "queries slots"],
    occupied: Annotated[Bool, "slots"] | None = None,
) -> None:
    """Write into the trains what every query needs beside itself: drive, mask and flush.

    Parameters
    ----------
    head : LatencyAttention
    inputs : dict of int64 arrays, shape (steps, size)
        All that the head has but ``query`` and ``bias`` are written to.
    starts : int array, shape (queries,)
        First step of each query's period; the query itself comes `query_at` steps later.
    mask : bool array, shape (queries, slots)
    occupied : bool array, shape (slots,), optional
        Slots that `done` waits for; all if left out.
    """
    held = np.ones(head.slots, np.bool_) if occupied is None else occupied
    waveform = drive_waveform(head)
    for start, looks in zip(starts, mask, strict=True):
        inputs["drive"][start : start + head.period, 0] = waveform
        inputs["mask"][start + head.clears] = np.where(looks, 0, head.clear)
        inputs["excused"][start + head.clears, 0] = np.count_nonzero(held & ~looks)
    for at in flushes(head):
        inputs["flush"][starts + at, 0] = head.flush
    if head.ahead:
        inputs["ahead"][starts + head.query_at, 0] = head.ahead
    if head.slope:
        inputs["near"][starts + head.query_at] = near_of(head, mask)
        inputs["pace"][starts + head.query_at, 0] = pace_of(head)


def check_queries(
    head: LatencyAttention, queries: Annotated[Integer, "queries key_size"],
    mask: Annotated[Bool, "queries slots"],
) -> None:
    """Check shapes, types and limits of queries and their mask.

    Raises
    ------
    UsageError
    """
    if queries.ndim != 2 or queries.shape[1] != head.key_size or not len(queries):
        raise UsageError("queries have the wrong shape", found=queries.shape,
                         expected=f"(queries, {head.key_size})")
    if np.abs(queries.astype(np.int64)).max() > head.query_limit:
        raise UsageError("a query code exceeds its limit",
                         found=int(np.abs(queries.astype(np.int64)).max()),
                         expected=head.query_limit)
    if mask.shape != (len(queries), head.slots) or mask.dtype != np.bool_:
        raise UsageError("the mask has the wrong shape or type",
                         found=f"{mask.shape} {mask.dtype}",
                         expected=f"({len(queries)}, {head.slots}) bool")


def check_bias(
    head: LatencyAttention, bias: Annotated[Integer, "_ _"] | None, shape: tuple[int, ...]
) -> None:
    """Check shape, type and limit of a bias (queries, slots).

    Raises
    ------
    UsageError
    """
    if bias is None:
        return
    if head.slope:
        raise UsageError("a head with a slope takes no bias: the mask says how far a slot is",
                         found=f"a slope of {head.slope}", expected="none")
    if bias.shape != shape or not np.issubdtype(bias.dtype, np.integer):
        raise UsageError("the bias has the wrong shape or type",
                         found=f"{bias.shape} {bias.dtype}", expected=f"{shape} of integers")
    most = int(np.abs(bias.astype(np.int64)).max(initial=0))
    if most > head.bias_limit:
        raise UsageError("a bias exceeds its limit", found=most, expected=head.bias_limit,
                         hint=None if head.bias_limit else "the head was made without one: "
                         "calibrate on data that has it")
