"""Random patterns with gaps, in fields of their own if so wished."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.multitasking.store import WHERE, check_whole
from neuromorph.errors import UsageError


def random_patterns(
    count: int, size: int, dilution: float, rng: np.random.Generator, fields: int = 1
) -> NDArray[np.int32]:
    """P(0) = d, P(1) = P(-1) = (1 - d) / 2; of pattern k all is 0 outside of field k mod F.

    Field f is the places ``f N/F`` to ``(f + 1) N/F - 1``. A pattern that would be all gaps has
    one place, drawn as well.

    Parameters
    ----------
    count, size : int
        K and N.
    dilution : float
        d, at least 0 and below 1.
    rng : numpy.random.Generator
    fields : int
        F; 1 for patterns that may say something everywhere.

    Returns
    -------
    int32 array of -1, 0 and 1, shape (count, size)

    Raises
    ------
    UsageError
        If the fields do not divide the places, or there are fewer patterns than fields.
    """
    owned = in_fields(count, size, fields)
    if not 0 <= dilution < 1:
        raise UsageError("no such dilution", where=WHERE, found=dilution,
                         expected="at least 0 and below 1")
    signs = rng.choice(np.array([-1, 1], np.int32), (count, size))
    chance = np.where(owned, rng.random((count, size)), -1.0)
    likeliest = chance.argmax(axis=1)
    kept = chance >= dilution
    kept[np.arange(count), likeliest] = True
    return np.where(owned & kept, signs, 0).astype(np.int32)


def in_fields(count: int, size: int, fields: int) -> NDArray[np.bool_]:
    """Which places are in the field of each pattern, shape (count, size).

    Raises
    ------
    UsageError
        If the fields do not divide the places, or there are fewer patterns than fields.
    """
    for name, value in (("count", count), ("size", size), ("fields", fields)):
        check_whole(name, value, 1)
    if size % fields:
        raise UsageError("the fields do not divide the places", where=WHERE,
                         found=f"{fields} fields of {size} places",
                         hint="take fields that do: their patterns have gaps everywhere else")
    if fields > count:
        raise UsageError("there are fewer patterns than fields", where=WHERE, found=count,
                         expected=f"at least {fields}")
    field_of = np.arange(size) // (size // fields)
    owned: NDArray[np.bool_] = field_of == (np.arange(count) % fields)[:, None]
    return owned
