"""All rules that a placed program keeps, asked one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuromorph.compile.check.board import check_board
from neuromorph.compile.check.cover import check_cover
from neuromorph.compile.check.fill import check_fill, usage_of
from neuromorph.compile.check.plasticity import check_plasticity
from neuromorph.compile.check.read import Weights, read_placed
from neuromorph.compile.check.reassemble import Given, check_given
from neuromorph.compile.check.registers import check_registers
from neuromorph.compile.check.report import CheckReport, Violation
from neuromorph.compile.check.wiring import check_wiring
from neuromorph.profiles import Profile


def check_program(
    program: Mapping[str, Any], weights: Weights, profile: Profile,
    given: Sequence[Given] | None = None,
) -> CheckReport:
    """Judge a placed program by the emitted data, the profile and what it was made of.

    Parameters
    ----------
    program : mapping
        Plain data, as in ``program.json``.
    weights : mapping of str to int array, shape (post, pre)
    profile : Profile
    given : sequence of (name, Network), optional
        What the program was made of: every unit must be that, to the bit.

    Raises
    ------
    FileFormatError
        If the data is not that of a program.
    LearningRuleError
        If a learning rule is none.
    """
    placed = read_placed(program, weights)
    usage = usage_of(placed, profile)
    violations: list[Violation] = []
    if placed.profile != profile.name:
        violations.append(Violation("profile", "program", placed.profile, profile.name))
    violations += check_cover(placed)
    violations += check_wiring(placed)
    violations += check_registers(placed, profile)
    violations += check_plasticity(placed, profile)
    violations += check_board(placed, profile)
    violations += check_fill(usage, profile)
    if given is not None and not violations:  # sums are of numbers that registers hold
        violations += check_given(placed, given)
    return CheckReport(tuple(violations), usage)
