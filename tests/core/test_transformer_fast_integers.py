"""No float between embedding and logits: none in what LLVM makes of any stage of a token."""

from __future__ import annotations

import re

from numba import types

from neuromorph.backends.fast.transformer.calls import Stage, part
from neuromorph.backends.fast.transformer.memory import ints_at
from neuromorph.backends.fast.transformer.tables import STREAM
from neuromorph.backends.fast.transformer.walk import STAGES, walk

FLOAT = re.compile(r"(?<![\w.%@])(?:f(?:add|sub|mul|div|rem|cmp|neg)|[su]itofp|fpto[su]i|fpext|"
                   r"fptrunc|double|float|half|bfloat)(?![\w.])")


def code_of(stage: Stage) -> str:
    assert stage.address
    return str(stage.made._library._get_module_for_linking())


def test_no_stage_has_an_instruction_of_floats() -> None:
    for stage in STAGES:
        code = code_of(stage)
        assert "define" in code
        assert FLOAT.search(code) is None, stage.function.__name__


def test_what_calls_them_has_none() -> None:
    numbers = types.Array(types.int64, 1, "C")
    walk.compile((types.int64, types.int64, numbers, numbers, numbers,
                  types.Array(types.int64, 2, "C")))
    code = str(walk.overloads[walk.signatures[0]].library._get_module_for_linking())
    assert "define" in code
    assert FLOAT.search(code) is None


@part
def _planted(value: int) -> int:
    return int(value * 1.5)


def test_a_planted_float_is_seen() -> None:
    def planted(first: int, _stride: int, _table: int, work: list[int], _counts: int) -> None:
        ints_at(work[STREAM])[first] = _planted(first)

    assert FLOAT.search(code_of(Stage(planted, cache=False)))
