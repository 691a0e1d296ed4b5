"""Fire Together Wire Together, for attention: which keys matter, foretold from a few dimensions.

Elkerdawy et al., CVPR 2022, arXiv 2110.08232: a cheap predictor of each layer's mask of masses
(`dynamics.mass_mask`). Here the units are keys, and the mass of a key is its softmax weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import TensorError, UsageError
from neuromorph.shown import Shown

Floats = NDArray[np.float64]

RIDGE = 1e-6
"""Of second moments, in units of their mean diagonal: directions that nobody has are 0."""


@dataclass(frozen=True, eq=False, repr=False)
class Predictor(Shown):
    """A guess of logits in integers of a few dimensions.

    ::

        q.(k - centre) = about unit^2 round(A q / unit).round(B (k - centre) / unit)

    Attributes
    ----------
    query, key : float64 array, shape (rank, key_size)
        A and B.
    centre : float64 array, shape (key_size,)
    unit : float
    limit : int
        Largest magnitude of a code.
    """

    query: Floats
    key: Floats
    centre: Floats
    unit: float
    limit: int

    def of_queries(self, queries: NDArray[Any]) -> NDArray[np.int32]:
        """Codes, shape (queries, rank)."""
        return self._codes(queries @ self.query.T)

    def of_keys(self, keys: NDArray[Any]) -> NDArray[np.int32]:
        """Codes, shape (keys, rank)."""
        return self._codes((keys - self.centre) @ self.key.T)

    def _codes(self, numbers: Floats) -> NDArray[np.int32]:
        codes: NDArray[np.int32] = np.clip(
            np.rint(numbers / self.unit), -self.limit, self.limit).astype(np.int32)
        return codes


def fit_predictor(
    queries: NDArray[Any], keys: NDArray[Any], rank: int, limit: int
) -> Predictor:
    """The rank-r product nearest to q.k over the data, then its codes.

    ::

        E q q^T = L_q L_q^T,  E k k^T = L_k L_k^T  (k centred),   L_q^T L_k = U S V^T
        A = S^1/2 U^T L_q^-1,   B = S^1/2 V^T L_k^-1,   the first ``rank`` rows of each

    Rows of A and B are balanced, so that both have one range a dimension; the widest sets the unit.

    Parameters
    ----------
    queries, keys : array, shape (count, key_size)
        What calibration saw; queries are scaled.
    rank, limit : int

    Raises
    ------
    TensorError
        If an array is misshapen or not finite.
    UsageError
        If there is no such rank or limit.
    """
    for name, array in (("queries", queries), ("keys", keys)):
        if array.ndim != 2 or not len(array) or array.shape[1] != queries.shape[-1]:
            raise TensorError(f"{name} do not fit a predictor", where="ftwt", found=array.shape,
                              expected="(count, key_size), of one size")
        if not np.isfinite(array).all():
            raise TensorError(f"{name} hold NaN or infinity", where="ftwt", found=array.shape)
    size = queries.shape[1]
    for name, number, most in (("rank", rank, size), ("limit", limit, 127)):
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
            raise UsageError(f"there is no such {name} of a predictor", where="ftwt", found=number,
                             expected=f"1 to {most}")
    centre = keys.mean(axis=0, dtype=np.float64)
    asked, offered = queries.astype(np.float64), keys - centre
    left, right = _root(asked), _root(offered)
    u, s, vt = np.linalg.svd(left.T @ right)
    half = np.sqrt(s[:rank])[:, None]
    a, b = half * np.linalg.solve(left.T, u)[:, :rank].T, half * (vt[:rank] @ np.linalg.inv(right))
    ranges = [np.abs(x @ m.T).max(axis=0) for x, m in ((asked, a), (offered, b))]
    reach = np.sqrt(ranges[0] * ranges[1])
    turn = np.sqrt(ranges[1] / np.where(ranges[0] > 0, ranges[0], 1))
    turn = np.where(turn > 0, turn, 1.0)[:, None]
    return Predictor(a * turn, b / turn, centre, float(reach.max()) / limit or 1.0, limit)


def _root(data: Floats) -> Floats:
    """L of E x x^T = L L^T, shape (size, size)."""
    moment = data.T @ data / len(data)
    moment[np.diag_indices_from(moment)] += RIDGE * float(np.trace(moment)) / len(moment) or RIDGE
    found: Floats = np.linalg.cholesky(moment)
    return found


def margin_of_mass(
    behind: NDArray[Any], weights: NDArray[Any], rows: int, keep: float, most: int
) -> tuple[int, float]:
    """The fewest steps behind the best guess that keep a share of the mass, and what they keep.

    Parameters
    ----------
    behind : int array, shape (pairs,)
        Steps from a query's first gate to a key's; negative where it is hidden.
    weights : array, shape (pairs,)
        Softmax weights of the true logits.
    rows : int
        Queries: the sum of all weights.
    keep : float
        In (0, 1].
    most : int
        Steps that a margin has at most; it has one at least.
    """
    seen = behind >= 0
    bins = np.bincount(np.minimum(behind[seen], most + 1), weights[seen], most + 2)
    kept = bins.cumsum() / max(1, rows)
    found = int(np.clip(np.searchsorted(kept[: most + 1], keep - 1e-9), 1, most))
    return found, float(kept[found])
