"""The best match of every query, whatever is subtracted from the keys.

    argmax_i q.(k_i - c) + b_i  =  argmax_i q.k_i + b_i     for any c,

so the best key is looked for once, in the samples' own precision and in blocks of queries that
meet only the keys that some of them see; its logit is then one product in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.shapes import Float64
from neuromorph.shown import Shown
from neuromorph.translate.samples import FloatArray, Sample

Floats = NDArray[np.float64]

BLOCK = 128
"""Queries that are looked at together: their scores stay in a core's own cache."""

OCTAVES = 126
"""Powers of two by which numbers may be scaled in single precision."""


@dataclass(frozen=True, eq=False, repr=False)
class BestMatches(Shown):
    """Queries of one head that may look anywhere, over all samples, and their largest logits.

    Attributes
    ----------
    mean : float64 array, shape (key_size,)
        Of all the keys.
    queries : float64 array, shape (queries, key_size)
    logits : float64 array, shape (queries,)
        max_i q.(k_i - mean) + b_i.
    """

    mean: Annotated[Float64, "key_size"]
    queries: Annotated[Float64, "queries key_size"]
    logits: Annotated[Float64, "queries"]

    def around(self, centre: Annotated[Float64, "key_size"]) -> Annotated[Float64, "queries"]:
        """max_i q.(k_i - centre) + b_i, shape (queries,)."""
        moved: Floats = self.logits - self.queries @ (centre - self.mean)
        return moved


def best_matches(samples: Sequence[Sample]) -> Iterator[BestMatches]:
    """Best matches of one query head after the other."""
    plans = [_blocks(sample.mask) for sample in samples]
    asked = [sample.mask.any(axis=1) for sample in samples]
    for kv in range(len(samples[0].keys)):
        mean: Floats = np.mean(np.concatenate([s.keys[kv] for s in samples], dtype=np.float64),
                               axis=0)
        centred = [s.keys[kv] - mean for s in samples]
        sought = [_at_most_one(keys, _precision(s))
                  for keys, s in zip(centred, samples, strict=True)]
        for head in range(kv * samples[0].group, (kv + 1) * samples[0].group):
            queries, logits = [], []
            for i, sample in enumerate(samples):
                bias = sample.bias_of(head)
                best = (_best_keys(sample.queries[head], sought[i], plans[i]) if bias is None else
                        _best_biased(sample.queries[head], centred[i], bias, plans[i]))[asked[i]]
                queries.append(sample.queries[head][asked[i]].astype(np.float64))
                logits.append(np.einsum("qc,qc->q", queries[-1], centred[i][best]))
                if bias is not None:
                    logits[-1] += bias[asked[i], best]
            yield BestMatches(mean, np.concatenate(queries), np.concatenate(logits))


@dataclass(frozen=True, eq=False)
class _Block:
    """Some queries, and the keys from the first to the last that any of them sees."""

    queries: slice
    keys: slice
    partly: slice
    """Of those keys, counted from the first, the ones that not all of the queries see;"""
    hidden: NDArray[np.bool_]
    """and where they do not."""


def _blocks(mask: NDArray[np.bool_]) -> list[_Block]:
    """A mask by blocks of queries; those that see nothing are left out."""
    found = []
    for start in range(0, len(mask), BLOCK):
        seen = mask[start : start + BLOCK]
        if not seen.any():
            continue
        keys = _span(seen.any(axis=0))
        partly = _span(~seen[:, keys].all(axis=0))
        found.append(_Block(slice(start, start + len(seen)), keys, partly,
                            ~seen[:, keys][:, partly]))
    return found


def _span(flags: NDArray[np.bool_]) -> slice:
    """From the first true one to the last."""
    true = np.flatnonzero(flags)
    return slice(int(true[0]), int(true[-1]) + 1) if true.size else slice(0, 0)


def _best_keys(
    queries: FloatArray, keys: FloatArray, blocks: Sequence[_Block]
) -> NDArray[np.intp]:
    """Number of the key that each query matches best; any of them where it sees none."""
    sought = _at_most_one(queries, keys.dtype)
    room = np.empty(BLOCK * len(keys), keys.dtype)
    best = np.zeros(len(queries), np.intp)
    for block in blocks:
        asking, offered = sought[block.queries], keys[block.keys]
        scores = room[: len(asking) * len(offered)].reshape(len(asking), len(offered))
        np.matmul(asking, offered.T, out=scores)
        scores[:, block.partly][block.hidden] = -np.inf
        best[block.queries] = scores.argmax(axis=1) + block.keys.start
    return best


def _best_biased(
    queries: FloatArray, keys: FloatArray, bias: FloatArray, blocks: Sequence[_Block]
) -> NDArray[np.intp]:
    """`_best_keys` where each query adds something of its own to the logits of the keys."""
    best = np.zeros(len(queries), np.intp)
    for block in blocks:
        scores = queries[block.queries].astype(np.float64) @ keys[block.keys].T
        scores += bias[block.queries, block.keys]
        scores[:, block.partly][block.hidden] = -np.inf
        best[block.queries] = scores.argmax(axis=1) + block.keys.start
    return best


def _precision(sample: Sample) -> np.dtype[Any]:
    """The samples' own, but single at least."""
    return np.result_type(sample.queries, sample.keys, np.float32)


def _at_most_one(array: FloatArray, kind: np.dtype[Any]) -> FloatArray:
    """Scaled by a power of two, so that no product leaves the range of its type."""
    octaves = math.frexp(float(np.abs(array).max(initial=0)))[1]
    scaled: FloatArray = array * 2.0 ** -min(max(octaves, -OCTAVES), OCTAVES)
    return scaled.astype(kind, copy=False)
