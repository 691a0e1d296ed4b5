"""What no packing fits is refused by the bound, before anything is packed."""

from __future__ import annotations

from typing import Any

import pytest
from placed_programs import changed
from test_even import heads
from test_out_axons import LOIHI2

from neuromorph.compile import compile_units, cores_at_least, cores_taken, fits, passes
from neuromorph.deploy import boards
from neuromorph.deploy.boards import smallest_board
from neuromorph.errors import FitError


def small_board(cores: int, chips: int = 1) -> Any:
    return changed(LOIHI2, chip={"cores_usable": cores}, board={"chips": chips, "rows": chips})


@pytest.fixture
def nothing_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    def packed(*_: Any) -> None:
        raise AssertionError("packed")

    monkeypatch.setattr(passes, "packed", packed)


@pytest.mark.usefixtures("nothing_is_packed")
def test_the_fewest_chips_that_would_do_are_named() -> None:
    units = heads(512, 9)
    least = cores_at_least(units, LOIHI2)
    assert least == 6
    with pytest.raises(FitError) as caught:
        compile_units(units, small_board(2, 2))
    assert str(caught.value) == (
        "the board has too few cores, by synapse_bits alone; no fewer than 3 such chips would do; "
        "found at least 6; expected 4")
    assert compile_units(units, small_board(2, 2), stop_after="relays").lower_bound == least
    with pytest.raises(AssertionError, match="packed"):
        compile_units(units, small_board(2, 3))


def test_a_board_of_as_many_cores_as_the_bound_is_packed_for() -> None:
    units = heads(512, 9)
    assert compile_units(units, small_board(2, 3)).program.cores == cores_taken(units, LOIHI2) == 6
    assert fits(units, small_board(2, 3))
    assert not fits(units, small_board(2, 2))


@pytest.mark.usefixtures("nothing_is_packed")
def test_no_board_is_packed_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "_boards", lambda: iter([small_board(1), small_board(2, 2)]))
    assert smallest_board(heads(512, 9), LOIHI2) is None
