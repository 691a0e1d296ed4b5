"""The memory of an axon's synapses: entries with a header each, in whole words.

::

    entry(n)  =  ceil((n * bits of a synapse + header) / word) * word        n <= synapses an entry
    list(n)   =  min over lengths n_1 + n_2 + ... = n  of  sum of entry(n_i)

A header says how long its entry is, so that entries need not be full: of 8 bits with a header of
10, 62 synapses fill 8 words of 64 bits, where 64 take 9.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def entry_bits(synapses: int, bits: int, header: int, word: int) -> int:
    """Memory of one entry."""
    return -(-(synapses * bits + header) // word) * word


def list_bits(synapses: int, bits: int, entry: int, header: int, word: int) -> int:
    """Memory of a list, in the entries that take the fewest bits.

    Parameters
    ----------
    synapses : int
    bits : int
        Of a synapse.
    entry : int
        Synapses of an entry at most.
    header, word : int
        Bits of an entry's header, and of a word.
    """
    if synapses <= entry:  # two entries never take less than one of both
        return entry_bits(synapses, bits, header, word) if synapses else 0
    found = _table(bits, entry, header, word)
    while len(found) <= synapses:
        _extend(found, len(found), bits, entry, header, word)
    return found[synapses]


@lru_cache
def _table(bits: int, entry: int, header: int, word: int) -> list[int]:
    """Memory of lists of no synapse, one, two, ...; it grows as longer ones are asked for."""
    return [0, *(entry_bits(n, bits, header, word) for n in range(1, entry + 1))]


def _extend(found: list[int], more: int, bits: int, entry: int, header: int, word: int) -> None:
    """Longer lists by as many: a last entry of each length, and the best of what is before it."""
    last = np.array([entry_bits(n, bits, header, word) for n in range(entry, 0, -1)])
    sums = np.array(found + [0] * more)
    for n in range(len(found), len(sums)):
        sums[n] = (sums[n - entry : n] + last).min()
    found[:] = sums.tolist()
