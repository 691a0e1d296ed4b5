"""The vector that all keys may lose: softmax does not see it, the window does.

For any c, softmax_i(q.k_i) = softmax_i(q.(k_i - c)), but the best match of a query moves by
-q.c. So c is chosen by ridge regression to predict the best match from the query alone,

    c = mean(k) + argmin_w  sum_q (max_i q.(k_i - mean(k)) - q.w - b_head)^2 + ridge |w|^2,

and what is left of the best matches' spread is what no linear function of the query foretells.
A narrower spread is a shorter window, or one that reaches further down.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuromorph.translate.samples import Sample

Floats = NDArray[np.float64]

RIDGE = 0.1
"""Ridge, in units of the mean variance of a query's elements."""


def key_centres(samples: Sequence[Sample]) -> Floats:
    """What to subtract from the keys of every key-value head, shape (kv_heads, key_size)."""
    return np.stack([_key_centre(samples, kv) for kv in range(len(samples[0].keys))])


def best_matches(samples: Sequence[Sample], head: int, centre: Floats) -> Floats:
    """The largest logit of every query of a head that may look anywhere, shape (queries,)."""
    best: Floats = np.concatenate(
        [s.logits(head, centre).max(axis=1)[s.mask.any(axis=1)] for s in samples], dtype=np.float64)
    return best


def _key_centre(samples: Sequence[Sample], kv: int) -> Floats:
    mean: Floats = np.concatenate([s.keys[kv] for s in samples]).astype(np.float64).mean(axis=0)
    group = samples[0].group
    moment, aim = np.zeros((len(mean), len(mean))), np.zeros_like(mean)
    for head in range(kv * group, (kv + 1) * group):
        queries = np.concatenate([s.queries[head][s.mask.any(axis=1)] for s in samples])
        best = best_matches(samples, head, mean)
        centred = queries.astype(np.float64) - queries.mean(axis=0, dtype=np.float64)
        moment += centred.T @ centred
        aim += centred.T @ (best - best.mean())
    ridge = RIDGE * float(np.trace(moment)) / len(mean)
    if ridge <= np.finfo(np.float64).tiny:
        return mean
    moment[np.diag_indices_from(moment)] += ridge
    shifted: Floats = mean + np.linalg.solve(moment, aim)
    return shifted
