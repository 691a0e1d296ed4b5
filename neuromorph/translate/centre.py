"""The vector that all keys may lose: softmax does not see it, the window does.

For any c, softmax_i(q.k_i) = softmax_i(q.(k_i - c)), but the best match of a query moves by
-q.c. So c is chosen by ridge regression to predict the best match from the query alone,

    c = mean(k) + argmin_w  sum_q (max_i q.(k_i - mean(k)) - q.w - b_head)^2 + ridge |w|^2,

and what is left of the best matches' spread is what no linear function of the query foretells.
A narrower spread is a shorter window, or one that reaches further down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from neuromorph.shapes import Float64
from neuromorph.translate.matches import BestMatches, Floats

RIDGE = 0.1
"""Ridge, in units of the mean variance of a query's elements."""


def centre_of(heads: Sequence[BestMatches]) -> Annotated[Float64, "key_size"]:
    """What to subtract from the keys that these query heads share, shape (key_size,)."""
    mean = heads[0].mean
    moment, aim = np.zeros((len(mean), len(mean))), np.zeros_like(mean)
    for head in heads:
        centred = head.queries - head.queries.mean(axis=0)
        moment += centred.T @ centred
        aim += centred.T @ (head.logits - head.logits.mean())
    ridge = RIDGE * float(np.trace(moment)) / len(mean)
    if ridge <= np.finfo(np.float64).tiny:
        return mean
    moment[np.diag_indices_from(moment)] += ridge
    shifted: Floats = mean + np.linalg.solve(moment, aim)
    return shifted
