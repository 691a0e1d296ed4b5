"""The seed of random choices, as it is asked for everywhere."""

from __future__ import annotations

from numbers import Integral

from neuromorph.errors import UsageError


def check_seed(seed: int) -> None:
    """Refuse what NumPy's generators do not take.

    Raises
    ------
    UsageError
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise UsageError("the seed must be a whole number of at least 0", found=repr(seed))
