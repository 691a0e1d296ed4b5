"""Windows by what they must keep: how far down a head's keys hold so much of its attention.

With s_ij the centred logits and w_ij the softmax weights of n queries,

    kept(f) = 1 / n sum_ij w_ij [s_ij >= f],      floor(r) = the largest f with kept(f) >= r

The mask of fewest keys (`dynamics.mass_mask`), which knows the answer, says how much is left to
gain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.dynamics.mass_mask import mass_mask
from neuromorph.shapes import Float64
from neuromorph.translate.code import LayerCode
from neuromorph.translate.fidelity import softmax_rows
from neuromorph.translate.options import PAYLOAD_OCTAVES, WINDOW_NATS
from neuromorph.translate.samples import FloatArray, Sample
from neuromorph.translate.slope import without_query_part

Floats = NDArray[np.float64]

GRAIN = 0.125
"""Nats between floors that are told apart; a step of the circuit is more."""

BLOCK = 256
"""Queries whose logits are held at a time."""

ROUNDING = 1e-9
"""Of a mean over many weights that sum to 1."""


@dataclass(frozen=True)
class HeadWindow:
    """What a head's window keeps.

    Attributes
    ----------
    layer : str
    head : int
    steps : int
        From one query to the next.
    kept : float
        Share of the softmax's mass above the window's floor, the mean over queries.
    above : float
        Share of the keys in sight there.
    needed : float
        Share of keys that hold as much by `mass_mask`, which knows the answer.
    """

    layer: str
    head: int
    steps: int
    kept: float
    above: float
    needed: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def window_of_mass(
    samples: Sequence[Sample], head: int, centre: Annotated[Float64, "key_size"], low: float,
    keep: float,
) -> float:
    """Nats below ``low`` that a window must reach down; within `WINDOW_NATS`.

    Parameters
    ----------
    samples : sequence of Sample
    head : int
    centre : float64 array, shape (key_size,)
        What the keys lose.
    low : float
        Logit from which a window is measured: of a weak query's best match.
    keep : float
        Share of the mass, in (0, 1].
    """
    bins = np.zeros(int(WINDOW_NATS[1] / GRAIN) + 1)
    rows = 0
    for logits in _logits(samples, head, centre):
        weights, seen = softmax_rows(logits), np.isfinite(logits)
        below = np.ceil((low - logits[seen]) / GRAIN)
        bins += np.bincount(np.clip(below, 0, len(bins) - 1).astype(np.intp), weights[seen],
                            len(bins))
        rows += len(logits)
    reached = bins.cumsum() / rows >= keep - ROUNDING
    found = GRAIN * (int(reached.argmax()) if reached.any() else len(bins) - 1)
    return float(np.clip(found, *WINDOW_NATS))


def windows_kept(
    layer: str, code: LayerCode, samples: Sequence[Sample], keep: float
) -> list[HeadWindow]:
    """What each head's window keeps of some samples, beside the mask that holds ``keep``."""
    found = []
    if any(head.slope for head in code.heads):
        samples = without_query_part(samples)
    for number, head in enumerate(code.heads):
        floor, centre = _floor(head, code.step_nats), code.key_centre[number // code.group]
        rows = [_of_rows(logits, floor, keep) for logits in _logits(samples, number, centre)]
        kept, above, needed = np.concatenate(rows, axis=1).mean(axis=1).tolist()
        found.append(HeadWindow(layer, number, head.period, kept, above, needed))
    return found


def _floor(head: LatencyAttention, step_nats: float) -> float:
    """The lowest logit that the head tells from all below, in nats, without what a slope adds."""
    free = PAYLOAD_OCTAVES if head.graded else 0
    return ((head.latest - head.near) / head.ramp - (head.window - head.pause) - free) * step_nats


def _of_rows(logits: FloatArray, floor: float, keep: float) -> Floats:
    """Mass kept, keys above the floor and keys needed, as shares, shape (3, queries)."""
    weights, seen = softmax_rows(logits), np.isfinite(logits).sum(axis=1)
    above = logits >= floor
    return np.stack([(weights * above).sum(axis=1), above.sum(axis=1) / seen,
                     mass_mask(weights, keep).sum(axis=1) / seen])


def _logits(samples: Sequence[Sample], head: int, centre: Floats) -> Iterator[FloatArray]:
    """Logits of queries that see anything, a block after the other; -inf where they do not."""
    for sample in samples:
        rows = np.flatnonzero(sample.mask.any(axis=1))
        for start in range(0, len(rows), BLOCK):
            yield sample.asking(rows[start : start + BLOCK]).logits(head, centre)
