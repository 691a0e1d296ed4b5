"""The same chip by the other figures that are known of it: its compiler's memory, its routers."""

from __future__ import annotations

from dataclasses import replace

from neuromorph.profiles.profile import Profile

WHOLE = 2**30
"""Synapses of an entry, where a list is one entry however long it is."""


def with_compiler_memory(profile: Profile) -> Profile | None:
    """A profile whose cores have the synaptic memory that the maker's compiler gives out.

    ::

        words of a list  =  1 + ceil(weights * bits / bits of a word)

    None where no other limit is known.
    """
    core = profile.core
    if core.compiler_bits == core.synapse_bits:
        return None
    return replace(
        profile,
        core=core.model_copy(update={"synapse_bits": core.compiler_bits,
                                     "word_bits": core.compiler_word_bits}),
        synapse=profile.synapse.model_copy(update={
            "entry_synapses": WHOLE, "entry_header_bits": core.compiler_word_bits}))


def with_routers(profile: Profile) -> Profile | None:
    """A profile whose cores lie on the chip's other plan; None where that is the same."""
    chip = profile.chip
    other = {"mesh_columns": chip.router_columns, "mesh_rows": chip.router_rows,
             "cores_per_tile": chip.router_cores}
    if all(getattr(chip, name) == value for name, value in other.items()):
        return None
    return replace(profile, chip=chip.model_copy(update=other))
