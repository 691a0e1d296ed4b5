"""The checker accepts what the passes place, and sees whatever is then changed."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placed_programs import Arrays, Data, by_hand, changed, judged, two_chips
from random_programs import random_placed

import neuromorph.compile.check
from neuromorph.compile.check import check_program
from neuromorph.errors import FitError
from neuromorph.profiles import Profile

SEEDS = range(24)


# --- it shares no code with the passes


def foreign_imports(source: str) -> list[str]:
    """Imports of the compiler that are not the checker's own."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    names += [f"{n.module}.{a.name}" for n in nodes if isinstance(n, ast.ImportFrom)
              for a in n.names]
    return [name for name in names if name.startswith(("neuromorph.compile", "None"))
            and not name.startswith("neuromorph.compile.check.")]


def test_the_checker_imports_nothing_of_the_compiler() -> None:
    folder = Path(neuromorph.compile.check.__file__).parent
    files = sorted(folder.rglob("*.py"))
    assert len(files) > 5
    assert {f.name: bad for f in files if (bad := foreign_imports(f.read_text("utf-8")))} == {}


@pytest.mark.parametrize("line", [
    "from neuromorph.compile.packing.demand import demands",
    "from neuromorph.compile import limits",
    "import neuromorph.compile.packing.cut",
    "def f():\n    from . import traffic",
])
def test_an_import_of_a_pass_is_found(line: str) -> None:
    assert foreign_imports(line)


# --- random programs


@cache
def placed(seed: int) -> tuple[Data, Arrays, Profile] | None:
    try:
        return random_placed(seed)
    except FitError:
        return None


def programs() -> Iterator[tuple[int, Data, Arrays, Profile]]:
    """All that fit; each a copy of its own."""
    for seed in SEEDS:
        if (program := placed(seed)) is not None:
            data, arrays, profile = program
            yield seed, copy.deepcopy(data), arrays, profile


def test_what_the_passes_accept_the_checker_accepts() -> None:
    cores = []
    for seed, data, arrays, profile in programs():
        report = judged(data, arrays, profile)
        assert [str(v) for v in report.violations] == [], seed
        assert sum(report.usage["neurons"]) == sum(s[3] - s[2] for s in data["slices"])
        cores.append(len(data["cores"]))
    assert len(cores) > len(SEEDS) / 2
    assert max(cores) > 8
    assert min(cores) < 3


def drop_slice(data: Data, rng: np.random.Generator) -> None:
    del data["slices"][int(rng.integers(len(data["slices"])))]


def repeat_slice(data: Data, rng: np.random.Generator) -> None:
    again = copy.copy(data["slices"][int(rng.integers(len(data["slices"])))])
    again[4] = int(rng.integers(len(data["cores"])))
    data["slices"].append(again)


def shorten_slice(data: Data, rng: np.random.Generator) -> None:
    data["slices"][int(rng.integers(len(data["slices"])))][3] -= 1


def lengthen_slice(data: Data, rng: np.random.Generator) -> None:
    data["slices"][int(rng.integers(len(data["slices"])))][3] += 1


def lose_core(data: Data, rng: np.random.Generator) -> None:
    data["cores"].pop()


def leave_mesh(data: Data, rng: np.random.Generator) -> None:
    place = data["cores"][int(rng.integers(len(data["cores"])))]
    place[int(rng.integers(3))] = int(rng.choice([-1, 60]))


def share_place(data: Data, rng: np.random.Generator) -> None:
    data["cores"].append(data["cores"][int(rng.integers(len(data["cores"])))])


MUTATIONS = [drop_slice, repeat_slice, shorten_slice, lengthen_slice, lose_core, leave_mesh,
             share_place]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda m: m.__name__)
def test_a_random_mutation_is_caught(mutate: Callable[[Data, Any], None]) -> None:
    rng, tried = np.random.default_rng(7), 0
    for seed, data, arrays, profile in programs():
        mutate(data, rng)
        assert check_program(data, arrays, profile).violations, seed
        tried += 1
    assert tried > len(SEEDS) / 2


def test_a_wider_weight_is_caught_anywhere() -> None:
    for seed, data, arrays, profile in programs():
        for name in list(arrays)[:: max(1, len(arrays) // 2)]:
            wide = {**arrays, name: arrays[name].astype(np.int64)}
            wide[name].flat[seed % wide[name].size] = 256
            assert any("a weight of 8 bits" in v.rule
                       for v in check_program(data, wide, profile).violations), seed


def test_one_less_of_a_resource_is_too_little() -> None:
    for seed, data, arrays, profile in programs():
        usage = check_program(data, arrays, profile).usage
        most = {name: int(usage[name].max()) for name in ("neurons", "in_axons", "out_axons")}
        enough = judged(data, arrays, changed(profile, core=most)).violations
        # The index of a sparse synapse gets shorter with the core, so its memory is another.
        assert not [v for v in enough if not v.rule.startswith("synapse_bits")], seed
        less = changed(profile, core={name: value - 1 for name, value in most.items()})
        found = " ".join(map(str, judged(data, arrays, less).violations))
        for name, value in most.items():
            assert f"{name} of a core; found {value}; allowed {value - 1}" in found, seed


def test_a_slice_moved_to_a_full_core_is_caught() -> None:
    data, arrays = by_hand()
    profile = changed(two_chips(), core={"neurons": 8})
    assert judged(data, arrays, profile).ok
    data["slices"][0][4] = 1
    assert [str(v) for v in judged(data, arrays, profile).violations] == [
        "core 1: neurons of a core; found 13; allowed 8"]
