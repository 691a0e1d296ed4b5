"""What attention in spikes loses with few keys in sight, and with many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.look.maps import Seen
from neuromorph.progress import Progress, silent
from neuromorph.runtime import SpikingLayer, Tally
from neuromorph.translate import Sample, measure_fidelity

FIRST = 4
"""Keys of the shortest context."""


@dataclass(frozen=True)
class LengthFidelity:
    """All heads, where a query sees at most so many keys.

    Attributes
    ----------
    keys : int
    cosine, cosine_worst : float
        Of contexts to those of float attention: the median head, and the worst.
    kl, kl_worst : float
        Divergence from float attention, in nats: the median head, and the worst.
    heads, queries : int
        Heads that were judged, and queries over all of them.
    """

    keys: int
    cosine: float
    cosine_worst: float
    kl: float
    kl_worst: float
    heads: int
    queries: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def lengths(
    seen: Seen, *, backend: str = backends.DEFAULT, progress: Progress = silent
) -> list[LengthFidelity]:
    """Fidelity against the length of the context, over all layers and heads.

    Where queries see different numbers of keys, as in a causal model, those are put together that
    see 4, 8, 16, … at most (and more than half of it). Where all see all, they are asked again
    with only so many keys in sight, those around them.

    Parameters
    ----------
    seen : Bundle or Attachment
        Its samples are taken.
    backend : str
    progress : callable, optional
    """
    found: dict[int, list[tuple[float, float, int]]] = {}
    for name, sample in seen.samples.items():
        progress(f"contexts of {name}")
        code = seen.codes[name]
        layer = SpikingLayer(code, backend, Tally())
        for keys, part in _parts(sample):
            found.setdefault(keys, []).extend(
                (head.cosine, head.kl, head.queries)
                for head in measure_fidelity(name, code, [part], [layer.run_sample(part)]))
    return [_of(keys, found[keys]) for keys in sorted(found)]


def _parts(sample: Sample) -> Iterator[tuple[int, Sample]]:
    counts = sample.mask.sum(axis=1)
    longest = int(counts.max())
    varied = len(set(counts[counts > 0].tolist())) > 1
    for keys in ladder(longest):
        if varied:
            least = 0 if keys == FIRST else keys // 2
            rows = np.flatnonzero((counts > least) & (counts <= keys))
            if rows.size:
                yield keys, sample.asking(rows)
        elif keys <= longest:
            yield keys, replace(sample, mask=_around(sample.mask, keys))
    if not varied and longest not in ladder(longest):
        yield longest, sample


def _around(mask: NDArray[np.bool_], keys: int) -> NDArray[np.bool_]:
    """So many keys around each query, whose queries are spread evenly over all keys."""
    queries, count = mask.shape
    middle = np.linspace(0, count - 1, queries) - keys // 2
    first = np.clip(middle.round().astype(np.int64), 0, count - keys)[:, None]
    place = np.arange(count)
    return mask & (place >= first) & (place < first + keys)


def ladder(longest: int) -> list[int]:
    """4, 8, 16, … up to the first that is no less than the longest."""
    found = [FIRST]
    while found[-1] < longest:
        found.append(2 * found[-1])
    return found


def _of(keys: int, heads: Sequence[tuple[float, float, int]]) -> LengthFidelity:
    cosine, kl, queries = (np.array(column) for column in zip(*heads, strict=True))
    return LengthFidelity(keys, float(np.median(cosine)), float(cosine.min()),
                          float(np.median(kl)), float(kl.max()), len(heads), int(queries.sum()))
