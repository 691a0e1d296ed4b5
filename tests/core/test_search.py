"""A search for better programs: never worse, the same again by seed, whatever ends it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_whole import small_whole
from test_even import heads
from test_out_axons import LOIHI2

from neuromorph.api.compile import compile_bundle
from neuromorph.compile import Compiled, compile_units
from neuromorph.compile import search as module
from neuromorph.compile.check import check_program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.search import Figures, search
from neuromorph.errors import UsageError
from neuromorph.profiles import Profile

LONG = 1000.0


@pytest.fixture(scope="module")
def plain() -> Compiled:
    return compile_units(heads(512, 13), LOIHI2)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("slots", [300, 700])
def test_nothing_gets_worse(slots: int, seed: int) -> None:
    plain = compile_units(heads(slots, 9), LOIHI2)
    found = search(plain, LONG, seed=seed, tries=4)
    before, after = found.before, found.after
    assert (after.chips, after.cores) <= (before.chips, before.cores)
    assert after.rank(before) <= before.rank(before)
    assert before.cores == plain.program.cores
    assert after.cores == found.compiled.program.cores
    assert accepted(found.compiled, LOIHI2)
    assert (found.tries, found.ended) == (4, "tries")


def accepted(compiled: Compiled, profile: Profile) -> bool:
    given = [(unit.name, unit.network) for unit in compiled.given]
    return check_program(*program_as_dict(compiled.program), profile, given).violations == ()


def test_as_many_tries_come_to_the_same(plain: Compiled) -> None:
    first, again = (search(plain, LONG, seed=3, tries=3) for _ in range(2))
    assert first.after == again.after
    assert first.compiled.program.slices == again.compiled.program.slices
    np.testing.assert_array_equal(first.compiled.program.places, again.compiled.program.places)
    assert search(plain, LONG, seed=3, tries=6).after.rank(first.before) <= first.after.rank(
        first.before)


def test_what_lies_badly_is_found() -> None:
    """Cores of a program with spikes between them, in places drawn at random."""
    state = compile_units(heads(700, 9), LOIHI2)
    order = np.random.default_rng(0).permutation(state.program.cores)
    bad = replace(state, program=replace(state.program, places=state.program.places[order]))
    found = search(bad, LONG, tries=2)
    assert found.after.hops < found.before.hops
    assert accepted(found.compiled, LOIHI2)


def test_without_time_the_plain_program_is_kept(plain: Compiled) -> None:
    found = search(plain, 0.0)
    assert found.compiled is plain
    assert (found.tries, found.ended) == (0, "seconds")
    assert found.before == found.after


def test_an_interrupt_keeps_the_best_so_far(
    plain: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = module.swapped, []

    def interrupted(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*given)

    wanted = search(plain, LONG, tries=2)
    monkeypatch.setattr(module, "swapped", interrupted)
    found = search(plain, LONG)
    assert (found.tries, found.ended) == (2, "interrupt")
    assert found.after == wanted.after


def test_fewer_cores_come_before_all_else() -> None:
    plain = Figures(2, 9, 100.0, 50.0, None, None)
    assert Figures(1, 9, 900.0, 50.0, None, None).rank(plain) < plain.rank(plain)
    assert Figures(2, 8, 900.0, 50.0, None, None).rank(plain) < plain.rank(plain)
    assert Figures(2, 9, 90.0, 54.0, None, None).rank(plain) < plain.rank(plain)
    assert Figures(2, 9, 90.0, 56.0, None, None).rank(plain) > plain.rank(plain)
    still = Figures(1, 1, 100.0, 0.0, None, None)
    assert Figures(1, 1, 99.0, 1.0, None, None).rank(still) > still.rank(still)


def test_a_whole_model_is_searched_for_too() -> None:
    """As a report tells of it; how many tries there are is up to the clock."""
    found = compile_bundle(small_whole(), "loihi2-graded", search=0.5, seed=1)
    told = found.report["search"]
    assert (told["ended"], told["seed"]) == ("seconds", 1)
    assert told["after"]["cores"] == found.report["cores_used"] <= told["before"]["cores"]
    assert found.report["bit_exact"]["equal"] is True
    assert "search" not in compile_bundle(small_whole(), "loihi2-graded").report


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), True, "5", 1e9])
def test_no_time_to_search_for(seconds: Any) -> None:
    with pytest.raises(UsageError, match="no time to search for"):
        compile_bundle("nowhere", search=seconds)
