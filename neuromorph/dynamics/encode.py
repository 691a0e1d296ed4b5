"""A vector as spikes over a few steps, in five codes; integers and floats alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import UsageError, did_you_mean
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Float64, Num, Shaped

CODES = ("graded", "bit_plane", "rate", "sigma_delta", "latency")
"""Names of the codes; `Encoding` has their equations."""

MOST_STEPS = {"graded": 1, "bit_plane": STATE_MAX.bit_length()}


@dataclass(frozen=True)
class Encoding:
    """Numbers x from -limit to limit as spikes over ``steps`` steps p = 0, 1, …

    ::

        k = ceil(levels |x| / limit - 1/2)     the level nearest to |x|; a tie takes the lower
        levels = steps                         2^steps - 1 for bit planes

        graded        payload x at step 0
        bit_plane     a spike at step p where bit p of k is set
        rate          v = v + x; a spike of x's sign where 2|v| > limit, then v = v -+ limit;
                      v = 0 before step 0. Always |v| <= limit / 2, and so
                      |spikes - t x / limit| <= 1/2 after t steps: k spikes in all
        sigma_delta   the same with v's sign, and v goes on from one vector to the next
        latency       one spike at step ``steps`` - k, none for k = 0

    A plain spike's sign is its axon: ON for x_j is axon j, OFF is axon size + j. A graded one
    has one axon and a signed payload. Whole numbers make the same spikes in both domains.

    Which stock neuron adds the spikes up again, behind weights W (``du``, ``dv`` effective)::

        graded                du = 4096              u = W x 2^6
        bit_plane             du = 4096, dv = 2048   v = W k 2^(7 - steps) after the last step;
                              exact for steps <= 7, or with a weight exponent of steps - 7.
                              Or a projection a plane: plane p has weight exponent p
        rate, sigma_delta     du = 4096, dv = 0      v = W k 2^6, k the spikes so far
        latency               du = 0,    dv = 0      v = W k 2^6 after the last step

    Parameters
    ----------
    code : str
        One of `CODES`, else a UsageError.
    limit : int or float
        Largest magnitude, positive; a whole number becomes an int, for integer vectors.
    steps : int
        Steps a vector; 1 for ``graded``, at most 23 for ``bit_plane``.
    """

    code: str
    limit: float
    steps: int = 1

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise UsageError("there is no such spike code", found=self.code,
                             hint=did_you_mean(str(self.code), CODES))
        if not 0 < self.limit < np.inf:
            raise UsageError("limit must be a positive number", where=self.code, found=self.limit)
        if self.limit == int(self.limit):
            object.__setattr__(self, "limit", int(self.limit))
        most = MOST_STEPS.get(self.code, STATE_MAX)
        if not isinstance(self.steps, int | np.integer) or not 1 <= self.steps <= most:
            raise UsageError("a vector cannot be sent in so many steps", where=self.code,
                             found=self.steps, expected=f"1 to {most}")

    @property
    def levels(self) -> int:
        """Levels of magnitude above zero."""
        return 2**self.steps - 1 if self.code == "bit_plane" else self.steps

    @property
    def error_bound(self) -> float:
        """Largest |x - decoded x|: ``limit / (2 levels)``, and 0 for ``graded``.

        Twice that for a vector of ``sigma_delta``, but not for the sum of all so far.
        """
        if self.code == "graded":
            return 0.0
        return self.limit / self.levels / (1 if self.code == "sigma_delta" else 2)

    def axons(self, size: int) -> int:
        """Axons for a vector of ``size`` numbers."""
        return size if self.code == "graded" else 2 * size


class EncoderState(NamedTuple):
    """Steps since the vector began, and v of the equations, shape (size,)."""

    step: int
    v: Annotated[Num, "size"]


def step_encoder(
    encoding: Encoding, state: EncoderState, vector: Annotated[Num, "size"]
) -> tuple[EncoderState, Annotated[Shaped, "axons"]]:
    """One step of `Encoding`; silent from step ``encoding.steps`` on.

    Parameters
    ----------
    encoding : Encoding
    state : EncoderState
        Step 0 begins a vector.
    vector : int64 or float64 array, shape (size,)
        Within the limit, and the same one from step 0 to the last.

    Returns
    -------
    state : EncoderState
    spikes : array, shape (axons,)
        Payloads for ``graded``, else bool.
    """
    v, signed = state.v, vector
    if state.step >= encoding.steps:
        signed = np.zeros_like(vector)
    elif encoding.code != "graded":
        v, signed = _PLAIN[encoding.code](encoding, state, vector)
    spikes = signed if encoding.code == "graded" else np.concatenate([signed > 0, signed < 0])
    return EncoderState(state.step + 1, v), spikes


def spike_values(encoding: Encoding) -> Annotated[Float64, "steps"]:
    """What an ON spike at each step stands for, shape (steps,); OFF is its negative."""
    steps = np.arange(encoding.steps)
    if encoding.code == "graded":
        return np.ones(encoding.steps)
    units = {"bit_plane": 2**steps, "latency": encoding.steps - steps}
    return encoding.limit / encoding.levels * units.get(encoding.code, np.ones_like(steps))


def check_vectors(
    encoding: Encoding, vectors: Annotated[Num, "count size"], *, whole: bool = False
) -> None:
    """Raise a UsageError unless all are in (count, size), within the limit, maybe ``whole``."""
    limit, where = encoding.limit, encoding.code
    if vectors.ndim != 2 or not vectors.size or vectors.dtype.kind not in "iuf":
        raise UsageError("vectors must be numbers in the shape (count, size)", where=where,
                         found=f"{vectors.dtype} {vectors.shape}")
    largest = float(np.abs(vectors.astype(np.float64)).max())
    if not largest <= limit:  # also when it is NaN
        raise UsageError("a vector exceeds the limit of its code", where=where, found=largest,
                         expected=f"at most {limit}")
    if whole and (limit != int(limit) or (vectors != np.rint(vectors)).any()):
        raise UsageError("the fixed domain encodes whole numbers only", where=where,
                         hint="scale and round vectors and limit, or choose floats")
    if whole and limit > STATE_MAX:
        raise UsageError("the limit has more than 24 bits", where=where, found=limit,
                         expected=f"at most {STATE_MAX}")


Coded = tuple[Annotated[Num, "size"], Annotated[Num, "size"]]
"""v and signed spikes, of each code with plain spikes."""


def _level(encoding: Encoding, vector: NDArray[Any]) -> NDArray[np.int64]:
    """k of the equations; floor division is exact for integers."""
    twice = 2 * encoding.levels * np.abs(vector)
    return np.asarray(-((encoding.limit - twice) // (2 * encoding.limit)), np.int64)


def _bit_plane(encoding: Encoding, state: EncoderState, vector: NDArray[Any]) -> Coded:
    return state.v, np.sign(vector) * (_level(encoding, vector) >> state.step & 1)


def _rate(encoding: Encoding, state: EncoderState, vector: NDArray[Any]) -> Coded:
    owed = state.v if state.step else np.zeros_like(vector)
    return _sigma_delta(encoding, EncoderState(state.step, owed), vector)


def _sigma_delta(encoding: Encoding, state: EncoderState, vector: NDArray[Any]) -> Coded:
    owed = state.v + vector
    signed = np.sign(owed) * (2 * np.abs(owed) > encoding.limit)
    return owed - encoding.limit * signed, signed


def _latency(encoding: Encoding, state: EncoderState, vector: NDArray[Any]) -> Coded:
    return state.v, np.sign(vector) * (_level(encoding, vector) == encoding.steps - state.step)


_PLAIN: dict[str, Callable[[Encoding, EncoderState, NDArray[Any]], Coded]] = dict(
    zip(CODES[1:], (_bit_plane, _rate, _sigma_delta, _latency), strict=True))
