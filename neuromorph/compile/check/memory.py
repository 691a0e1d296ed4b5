"""What synapses and neurons take of a core's memory.

::

    entry(n) = ceil((n * bits of a synapse + header) / word) * word        n <= synapses an entry
    list(n)  = the fewest words that hold n synapses, in entries of any lengths
    bits     = sum over axons of list(synapses of the axon on the core)

A dense list has a weight for every neuron of the slice that has a synapse in the projection, on
every axon that the projection uses at all; a sparse one has an index too, but only for synapses
that exist. A projection is stored in the format that takes fewer bits over all its cores,
headers and words apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.check.models import STOCK_WORDS, WORD_BITS
from neuromorph.compile.check.placed import Bundle, Group
from neuromorph.profiles import Profile
from neuromorph.shapes import Bool

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Format:
    """How a projection is stored.

    Attributes
    ----------
    dense : bool
    bits : int
        Of a synapse: its weight, and index, delay, tag and traces where it has them.
    """

    dense: bool
    bits: int


def format_of(
    bundle: Bundle, exponent: int, synapses: Annotated[Bool, "post pre"], profile: Profile
) -> Format:
    """The cheaper format of those that the profile has.

    Parameters
    ----------
    bundle : Bundle
    exponent : int
        As it is stored.
    synapses : bool array, shape (post, pre)
    profile : Profile
    """
    bits = _synapse_bits(bundle, exponent, profile)
    with_index = bits + _index_bits(profile)
    dense = int(synapses.any(axis=1).sum()) * int(synapses.any(axis=0).sum()) * bits
    cheaper = dense <= int(synapses.sum()) * with_index
    if profile.synapse.dense and (cheaper or not profile.synapse.sparse):
        return Format(True, bits)
    return Format(False, with_index)


def stored_bits(
    form: Format, part: Annotated[Bool, "neurons pre"], axons: int, profile: Profile
) -> int:
    """Bits that a projection takes on one core.

    Parameters
    ----------
    form : Format
    part : bool array, shape (neurons, pre)
        Synapses of the neurons that are on the core.
    axons : int
        Axons that the whole projection uses.
    profile : Profile
    """
    if form.dense:
        counts = np.full(axons, part.any(axis=1).sum(), np.int64)
    else:
        counts = part.sum(axis=0, dtype=np.int64)
    return int(_list_bits(counts, form.bits, profile).sum())


def state_bits(group: Group, profile: Profile) -> int:
    """Memory of a neuron: what the profile says, unless it keeps more words than a stock one."""
    usual, words = profile.core.neuron_bits, group.row.words + len(group.own)
    return max(usual, WORD_BITS * words) if usual and words > STOCK_WORDS else usual


def _synapse_bits(bundle: Bundle, exponent: int, profile: Profile) -> int:
    bits = _weight_bits(bundle, exponent, profile)
    bits += profile.synapse.delay_bits if bundle.delay else 0
    bits += profile.learning.tag_bits if bundle.tagged else 0
    return bits + (profile.learning.trace_bits_per_synapse if bundle.rule is not None else 0)


def _weight_bits(bundle: Bundle, exponent: int, profile: Profile) -> int:
    """As few as the largest weight takes, if the profile stores so: top bits of the mantissa."""
    synapse = profile.synapse
    if not synapse.weight_bits_fitted or bundle.rule is not None or not bundle.weights.size:
        return synapse.weight_bits
    bits = synapse.weight_bits_min
    while not (-(1 << bits) <= bundle.weights.min() and bundle.weights.max() < 1 << bits):
        bits += 1
    lowest = synapse.weight_exponent_min
    while bits < synapse.weight_bits and exponent - (synapse.weight_bits - bits) < lowest:
        bits += 1
    return bits


def _index_bits(profile: Profile) -> int:
    """An index that reaches every neuron a core can hold."""
    enough = (profile.core.neurons - 1).bit_length()
    return min(max(enough, profile.synapse.index_bits_min), profile.synapse.index_bits_max)


def _list_bits(counts: Counts, bits: int, profile: Profile) -> Counts:
    """One entry where it holds all; else the words whose best entries hold as many."""
    longest = int(counts.max(initial=0))
    found = _entry_bits(counts, bits, profile)
    if longest > profile.synapse.entry_synapses:
        word = profile.core.word_bits
        held = _held(longest, bits, profile.synapse.entry_synapses,
                     profile.synapse.entry_header_bits, word)
        found = np.searchsorted(held, counts) * word
    lists: Counts = np.where(counts > 0, found, 0)
    return lists


@lru_cache
def _held(synapses: int, bits: int, entry: int, header: int, word: int) -> Counts:
    """The most synapses that no words, one, two, ... hold, until they hold so many."""
    words = -(-(entry * bits + header) // word)
    one = np.clip((np.arange(words, 0, -1) * word - header) // bits, 0, entry)
    held = np.zeros(words * (1 + -(-synapses // entry)), np.int64)  # enough for full entries
    held[: words - 1] = -entry  # fewer words than none hold nothing, whatever is added
    for n in range(words, len(held)):
        held[n] = (held[n - words : n] + one).max()
    return held[words - 1 :]


def _entry_bits(counts: Counts, bits: int, profile: Profile) -> Counts:
    word = profile.core.word_bits
    return -(-(counts * bits + profile.synapse.entry_header_bits) // word) * word
