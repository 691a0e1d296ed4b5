"""Arrays that nobody can write are looked at once."""

from __future__ import annotations

import gc

import numpy as np

from neuromorph.numerics import held as module
from neuromorph.numerics.held import held, identity, is_held, ones, remembered, zeros


def test_what_can_be_written_is_looked_at_each_time() -> None:
    array = np.arange(4)
    assert remembered(np.sum, array, "sum") == 6
    array[0] = 5
    assert remembered(np.sum, array, "sum") == 11
    view = array[:2]
    view.setflags(write=False)
    assert not is_held(view)  # its base can be written


def test_what_is_held_is_looked_at_once_for_each_key() -> None:
    seen, array = [], held(np.arange(3))

    def find(given: np.ndarray) -> int:
        seen.append(given)
        return len(seen)

    assert [remembered(find, array, "a"), remembered(find, array, "a"),
            remembered(find, array, "b")] == [1, 1, 2]
    assert is_held(array[1:])


def test_a_view_is_copied_before_it_is_held() -> None:
    array = np.arange(6)
    own = held(array[::2])
    array[:] = 0
    assert own.tolist() == [0, 2, 4]
    assert array.flags.writeable


def test_what_was_found_goes_with_its_array() -> None:
    before = len(module._FOUND)
    array = held(np.arange(3))
    remembered(np.sum, array, "sum")
    assert len(module._FOUND) == before + 1
    del array
    gc.collect()
    assert len(module._FOUND) == before


def test_arrays_that_many_ask_for_are_one() -> None:
    assert identity(3) is identity(3)
    assert identity(2, -3).tolist() == [[-3, 0], [0, -3]]
    assert identity(2, 256).tolist() == [[256, 0], [0, 256]]
    assert ones(2, 1).tolist() == [[1], [1]]
    assert not zeros(2, 3).any()
    assert all(map(is_held, (identity(2, -3), ones(2, 1), zeros(2, 3))))
