"""All reasons against a program at once."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorph.errors import FitError


def refuse(reasons: Iterable[FitError]) -> None:
    """Raise one error for all reasons, if there are any.

    Of several parts of a program that lack the same, only the first is named.

    Raises
    ------
    FitError
        The first reason, with the others in its ``more``.
    """
    distinct: dict[str, FitError] = {}
    for reason in reasons:
        distinct.setdefault(reason.what, reason)
    if distinct:
        first, *more = distinct.values()
        raise FitError(first.what, where=first.where, found=first.found, expected=first.expected,
                       hint=first.hint, more=list(map(str, more)))
