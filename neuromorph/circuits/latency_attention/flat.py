"""Queries that tell no key from another: all lie below the window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention.motif import LatencyAttention
from neuromorph.circuits.latency_attention.read import Attended
from neuromorph.neurons.latency_match import payload_of
from neuromorph.shapes import Bool


def faintest(head: LatencyAttention) -> int:
    """The least payload of a graded head, of all keys so far below the window or farther."""
    reach = head.payload_span * head.payload_gain >> head.payload_gain_shift
    return payload_of(reach, early=True, base=head.payload_base)


def flat_queries(
    heads: Sequence[LatencyAttention], attended: Attended
) -> Annotated[Bool, "batch heads queries"]:
    """Whether a query saw several keys, which all fired at once and carried the least.

    ::

        n_last = 0  and  spikes > neurons_per_key
        graded: normaliser <= (spikes faintest unit) >> value_shift

    Its context is the plain mean of their values, whatever their scores. A key alone is no such
    case, and graded keys are none while payloads tell them apart.

    Parameters
    ----------
    heads : sequence of LatencyAttention
    attended : Attended
        Of a batch of these heads.
    """
    alone, graded, least, shift = (
        np.array(row)[:, None] for row in zip(*(
            (h.neurons_per_key, h.graded, faintest(h) * h.unit if h.graded else 0, h.value_shift)
            for h in heads), strict=True))
    at_once = (attended.last == 0) & (attended.spikes > alone)
    faint: NDArray[np.bool_] = attended.normaliser <= attended.spikes * least >> shift
    found: NDArray[np.bool_] = at_once & (~graded | faint)
    return found
