"""Spins at the door, and the guard: how full a dense memory is, told before it is built."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuromorph.circuits.dense_memory.capacity import bit_error, critical_load, largest_count
from neuromorph.errors import NeuromorphWarning, TensorError

ORDER = 3
"""Spins that interact at once in the circuit."""

ERROR = 0.01
"""Share of bits that one sweep may lose of a stored pattern before a person is warned."""

MEASURED = 64
"""Stored patterns that are measured where there are more."""


@dataclass(frozen=True)
class Load:
    """How full a memory of K patterns of N spins is.

    Attributes
    ----------
    load : float
        K / N^(P - 1).
    critical_load : float
        Above it a stored pattern is not stable.
    expected_error : float
        Share of a stored pattern's bits that a sweep loses, were patterns random.
    measured_error : float
        The same of the patterns themselves, or of 64 of them: larger where they are alike.
    most_patterns : int
        With an expected error of at most 1 %.
    duplicates : int
        Patterns that are equal to an earlier one.
    """

    load: float
    critical_load: float
    expected_error: float
    measured_error: float
    most_patterns: int
    duplicates: int

    @property
    def error(self) -> float:
        """The larger of expected and measured."""
        return max(self.expected_error, self.measured_error)

    def as_dict(self) -> dict[str, float]:
        """Plain values, for JSON."""
        return asdict(self)

    def warnings(self) -> tuple[str, ...]:
        """What is wrong with it, a sentence each."""
        said = []
        if self.error > ERROR:
            source = "expected" if self.expected_error >= self.measured_error else "measured"
            said.append(f"a sweep loses {self.error:.2%} of the bits of a stored pattern "
                        f"({source}); at most {self.most_patterns} random patterns of this size "
                        f"lose {ERROR:.0%} or less")
        if self.load > self.critical_load:
            said.append(f"the load {self.load:.4f} is above the critical {self.critical_load:.4f}:"
                        " stored patterns are not stable")
        if self.duplicates:
            said.append(f"{self.duplicates} patterns are equal to an earlier one, and count twice")
        return tuple(said)


def load_of(patterns: NDArray[Any], rng: np.random.Generator | None = None) -> Load:
    """How full a memory of these patterns is, of shape (patterns, size), spins -1 and 1.

    Parameters
    ----------
    patterns : array
    rng : numpy.random.Generator, optional
        Which patterns are measured, where there are more than 64.
    """
    held = check_spins("patterns", patterns)
    count, size = held.shape
    chosen = np.arange(count)
    if count > MEASURED:
        chosen = (rng or np.random.default_rng(0)).choice(count, MEASURED, replace=False)
    wrong = fields(held, held[chosen]) * held[chosen] <= 0
    return Load(count / size ** (ORDER - 1), critical_load(ORDER), bit_error(ORDER, size, count),
                float(wrong.mean()), largest_count(ORDER, size, ERROR),
                count - len(np.unique(held, axis=0)))


def check_load(load: Load) -> None:
    """Warn of what a memory of that load does badly; it is never refused."""
    for sentence in load.warnings():
        warnings.warn(sentence, NeuromorphWarning, stacklevel=2)


def fields(
    patterns: NDArray[Any], states: NDArray[Any], shift: int = 0
) -> NDArray[np.int64]:
    """h_i = sum_mu xi_mu,i ((xi_mu . sigma)^2 >> shift), shape (states, size)."""
    held = patterns.astype(np.float64)  # exact: sums stay below 2^53
    matches = (states.astype(np.float64) @ held.T).astype(np.int64)
    squares = (matches * matches) >> shift
    found: NDArray[np.int64] = (squares.astype(np.float64) @ held).astype(np.int64)
    return found


def check_spins(
    name: str, values: ArrayLike, *, unknown: bool = False, where: str = "dense memory"
) -> NDArray[np.int32]:
    """Rows of spins -1 and 1, and 0 where one may be unknown.

    Raises
    ------
    TensorError
        If they are no such array.
    """
    try:
        raw: NDArray[Any] = np.asarray(values)
    except ValueError as error:
        raise TensorError(f"the {name} are no array", where=where,
                          found=error) from error
    if raw.dtype.kind not in "iuf" or raw.ndim != 2 or not raw.size:
        raise TensorError(f"the {name} are no rows of spins", where=where,
                          found=f"{raw.dtype}, shape {raw.shape}", expected=f"({name}, size)")
    allowed = (-1, 0, 1) if unknown else (-1, 1)
    wrong = np.argwhere(~np.isin(raw, allowed))
    if len(wrong):
        row, place = wrong[0]
        raise TensorError(f"the {name} hold what is no spin", where=f"{where}, row {row}",
                          found=f"{raw[row, place]} at place {place}, of {len(wrong)} such values",
                          expected=" or ".join(map(str, allowed)))
    return raw.astype(np.int32)
