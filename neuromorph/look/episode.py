"""One query of one head, every step of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends import AttentionBatch
from neuromorph.circuits.latency_attention import PROBES, build, stimulate
from neuromorph.errors import UsageError
from neuromorph.report.pictures import Episode
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.translate import LayerCode, Sample

BACKEND = "reference"
"""It records every step, and runs wherever NumPy does."""


def check_number(what: str, number: object, count: int, where: str) -> None:
    """Refuse what is no number from 0 on below a count.

    Raises
    ------
    UsageError
    """
    whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if not (whole and number in range(count)):
        raise UsageError(f"there is no such {what}", where=where, found=repr(number),
                         expected=f"0 to {count - 1}")


def check_query(
    mask: NDArray[np.bool_], heads: int, head: int, query: int, where: str
) -> None:
    """Refuse a head or a query that there is not, or that sees none of the keys of a mask.

    Raises
    ------
    UsageError
    """
    check_number("head", head, heads, where)
    check_number("query", query, len(mask), where)
    if not mask[query].any():
        raise UsageError("this query may look at no key: there is nothing to see", where=where,
                         found=f"query {query}")


def episode(code: LayerCode, sample: Sample, head: int = 0, query: int = 0) -> Episode:
    """Run one query of one head by the clock, and keep match, control and normaliser.

    Parameters
    ----------
    code : LayerCode
    sample : Sample
    head, query : int
    """
    work = SpikingLayer(code, BACKEND, Tally()).encode(
        sample.queries[None], sample.keys[None], sample.values[None], sample.mask[None],
        None if sample.bias is None else sample.bias[None])
    return episode_of(work, head, query)


def episode_of(work: AttentionBatch, head: int, query: int) -> Episode:
    """The same of coded work; its first sequence."""
    own, row = head * work.keys.shape[1] // len(work.heads), slice(query, query + 1)
    keys, values, queries = work.keys[0, own], work.values[0, own], work.queries[0, head, row]
    circuit = replace(work.heads[head], slots=len(keys))
    inputs, steps = stimulate(circuit, queries, work.mask[0, row],
                              bias=None if work.bias is None else work.bias[0, head, row])
    recording = backends.get(BACKEND).run(build(circuit, keys, values), inputs, PROBES, steps)
    return Episode(circuit, queries[0], recording.spikes("match"), recording.potential("control"),
                   recording.potential("normaliser")[:, 0],
                   int(np.flatnonzero(recording.spikes("done"))[0]))
