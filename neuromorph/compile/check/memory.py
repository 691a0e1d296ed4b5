"""What synapses and neurons take of a core's memory.

::

    entry(n) = ceil((n * bits of a synapse + header) / word) * word        n <= synapses an entry
    list(n)  = full entries, and one of what is left
    bits     = sum over axons of list(synapses of the axon on the core)

A dense list has a weight for every neuron of the slice that has a synapse in the projection, on
every axon that the projection uses at all; a sparse one has an index too, but only for synapses
that exist. A projection is stored in the format that takes fewer bits over all its cores,
headers and words apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuromorph.compile.check.models import STOCK_WORDS, WORD_BITS
from neuromorph.compile.check.placed import Bundle, Group
from neuromorph.profiles import Profile

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


def format_of(bundle: Bundle, synapses: NDArray[np.bool_], profile: Profile) -> Format:
    """The cheaper format of those that the profile has.

    Parameters
    ----------
    bundle : Bundle
    synapses : bool array, shape (post, pre)
    profile : Profile
    """
    bits = _synapse_bits(bundle, profile)
    with_index = bits + _index_bits(profile)
    dense = int(synapses.any(axis=1).sum()) * int(synapses.any(axis=0).sum()) * bits
    cheaper = dense <= int(synapses.sum()) * with_index
    if profile.synapse.dense and (cheaper or not profile.synapse.sparse):
        return Format(True, bits)
    return Format(False, with_index)


def stored_bits(
    form: Format, part: NDArray[np.bool_], axons: int, profile: Profile
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


def _synapse_bits(bundle: Bundle, profile: Profile) -> int:
    bits = profile.synapse.weight_bits
    bits += profile.synapse.delay_bits if bundle.delay else 0
    bits += profile.learning.tag_bits if bundle.tagged else 0
    return bits + (profile.learning.trace_bits_per_synapse if bundle.rule is not None else 0)


def _index_bits(profile: Profile) -> int:
    """An index that reaches every neuron a core can hold."""
    enough = (profile.core.neurons - 1).bit_length()
    return min(max(enough, profile.synapse.index_bits_min), profile.synapse.index_bits_max)


def _list_bits(counts: Counts, bits: int, profile: Profile) -> Counts:
    full, left = np.divmod(counts, profile.synapse.entry_synapses)
    whole = _entry_bits(np.array([profile.synapse.entry_synapses]), bits, profile)
    bits_of_lists: Counts = full * whole + np.where(left > 0, _entry_bits(left, bits, profile), 0)
    return bits_of_lists


def _entry_bits(counts: Counts, bits: int, profile: Profile) -> Counts:
    word = profile.core.word_bits
    return -(-(counts * bits + profile.synapse.entry_header_bits) // word) * word
