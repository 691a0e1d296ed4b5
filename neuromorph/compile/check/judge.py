"""All rules that a placed program keeps, asked one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromorph.compile.check.board import check_board
from neuromorph.compile.check.cover import check_cover
from neuromorph.compile.check.fill import check_fill, usage_of
from neuromorph.compile.check.plasticity import check_plasticity
from neuromorph.compile.check.read import Weights, read_placed
from neuromorph.compile.check.registers import check_registers
from neuromorph.compile.check.report import CheckReport, Violation
from neuromorph.profiles import Profile


def check_program(program: Mapping[str, Any], weights: Weights, profile: Profile) -> CheckReport:
    """Judge a placed program by the profile and the emitted data alone.

    Parameters
    ----------
    program : mapping
        Plain data, as in ``program.json``.
    weights : mapping of str to int array, shape (post, pre)
    profile : Profile

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
    violations += check_registers(placed, profile)
    violations += check_plasticity(placed, profile)
    violations += check_board(placed, profile)
    violations += check_fill(usage, profile)
    return CheckReport(tuple(violations), usage)
