"""What runs by the clock is what its closed form says, or there is a bug."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import DisagreementError

Compared = tuple[str, NDArray[Any], NDArray[Any]]
"""A name, and what was found and expected; arrays of shape (tokens, numbers)."""


def require_equal(what: str, where: str, numbers: Iterable[Compared], one_of: str) -> None:
    """Refuse a run whose numbers are not those of the closed form.

    Parameters
    ----------
    what, where, one_of : str
        For the message: what ran, where names stand, and what a column is.
    numbers : iterable of (str, array, array)
        In the order in which a token becomes them.

    Raises
    ------
    DisagreementError
        Naming the first that is not.
    """
    for name, found, expected in numbers:
        differ = np.argwhere(found != expected)
        if len(differ):
            token, column = differ[0]
            raise DisagreementError(
                f"{what} is not what its closed form is", where=f"{where}, {name}",
                found=f"{found[token, column]} at token {token}, {one_of} {column}",
                expected=int(expected[token, column]), hint="this is a bug: please report it")
