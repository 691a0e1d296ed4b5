"""The independent checker, whose objection is a fault of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromorph.compile import Compiled
from neuromorph.compile.check import CheckReport, Weights, check_program
from neuromorph.errors import DisagreementError, InputError


def checked_program(
    compiled: Compiled, data: Mapping[str, Any], weights: Weights, what: str
) -> CheckReport:
    """The checker's report of a program, which it accepts.

    Raises
    ------
    DisagreementError
        If it does not.
    """
    given = [(unit.name, unit.network) for unit in compiled.given]
    try:
        checked = check_program(data, weights, compiled.profile, given)
    except InputError as error:
        raise DisagreementError(f"{what} is no program", found=error,
                                hint="please report this; it is a fault of the compiler") from error
    if checked.violations:
        first = checked.violations[0]
        raise DisagreementError(f"the checker does not accept {what}: {first.rule}",
                                where=first.where, found=first.found, expected=first.allowed,
                                hint="please report this; it is a fault of the compiler")
    return checked
