"""The memory of an axon's list: entries of the lengths that take the fewest words."""

from __future__ import annotations

import numpy as np
import pytest
from placed_programs import changed

from neuromorph.compile.check.memory import _list_bits
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.packing.lists import list_bits
from neuromorph.profiles import load_profile

WHOLE = 2**30
"""An entry that holds any list."""


def test_entries_need_not_be_full() -> None:
    """By hand, of 8 bits with headers of 10 in words of 64: 62 fill 8 words, 64 take 9."""
    limits = limits_of(load_profile("loihi2"))
    words = [limits.list_bits(n, 8) / 64 for n in (0, 1, 6, 7, 62, 63, 64, 124, 128, 384)]
    assert words == [0, 1, 1, 2, 8, 9, 9, 16, 17, 50]


def by_trial(synapses: int, bits: int, entry: int, header: int, word: int) -> int:
    """Every length of a last entry, of lists of every length."""
    least = [0]
    for n in range(1, synapses + 1):
        least.append(min(least[n - last] + -(-(last * bits + header) // word) * word
                         for last in range(1, min(n, entry) + 1)))
    return least[synapses]


@pytest.mark.parametrize("entry", [1, 2, 7, 64, WHOLE])
@pytest.mark.parametrize("word", [1, 8, 64])
def test_no_entries_take_less(entry: int, word: int) -> None:
    """The packer, the checker, which counts its own way, and trial of all of them."""
    rng = np.random.default_rng(entry + word)
    for _ in range(5):
        bits, header = int(rng.integers(1, 40)), int(rng.integers(40))
        counts = np.sort(rng.integers(0, 200, 6))
        profile = changed(load_profile("loihi2"), core={"word_bits": word}, synapse={
            "entry_synapses": entry, "entry_header_bits": header})
        wanted = [by_trial(n, bits, entry, header, word) for n in counts.tolist()]
        assert [list_bits(n, bits, entry, header, word) for n in counts.tolist()] == wanted
        assert _list_bits(counts, bits, profile).tolist() == wanted
    assert sorted(wanted) == wanted  # what neurons take grows with them
