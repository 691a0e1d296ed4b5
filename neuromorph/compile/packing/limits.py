"""The numbers of a profile that the compiler packs against."""

from __future__ import annotations

from dataclasses import dataclass

from neuromorph.compile.packing.lists import list_bits
from neuromorph.profiles import Profile


@dataclass(frozen=True)
class Limits:
    """Capacities of one core, how synapses are stored, and how many cores there are.

    Attributes
    ----------
    neurons, synapse_bits, memory_bits, in_axons, out_axons : int
        Of a core; ``memory_bits`` is what synapses and neurons take together.
    thresholds, settings, formats : int
        Different thresholds, neuron settings and synapse formats of a core.
    weight_bits, index_bits, tag_bits, trace_bits, delay_bits : int
        Of a synapse; all but the first where it has an index, a tag, a rule, a delay.
    weight_bits_min, weight_exponent_min : int
    fitted : bool
        Whether weights take as few bits as their projection's largest needs.
    entry_synapses, header_bits, word_bits : int
        A list of synapses is stored in entries of at most so many, see `lists`.
    neuron_bits : int
        State of a neuron.
    plastic_slots : int
        In-axons that an axon with plastic synapses takes.
    cores, chips : int
        Usable cores of a chip, and chips of the board.
    columns, rows : int
        Mesh of a chip's cores.
    tile : int
        Cores side by side that share a router: no hop between them.
    chip_columns : int
        Chips side by side on the board.
    """

    neurons: int
    synapse_bits: int
    memory_bits: int
    in_axons: int
    out_axons: int
    thresholds: int
    settings: int
    formats: int
    weight_bits: int
    index_bits: int
    tag_bits: int
    trace_bits: int
    delay_bits: int
    weight_bits_min: int
    weight_exponent_min: int
    fitted: bool
    entry_synapses: int
    header_bits: int
    word_bits: int
    neuron_bits: int
    plastic_slots: int
    cores: int
    chips: int
    columns: int
    rows: int
    tile: int
    chip_columns: int

    @property
    def total_cores(self) -> int:
        """Usable cores of the board."""
        return self.cores * self.chips

    def core(self) -> dict[str, int]:
        """The capacities of a core, by resource."""
        return {name: getattr(self, name) for name in RESOURCES}

    def list_bits(self, synapses: int, bits: int) -> int:
        """Bits of a list of so many synapses of so many bits each."""
        return list_bits(synapses, bits, self.entry_synapses, self.header_bits, self.word_bits)


RESOURCES = ("neurons", "synapse_bits", "memory_bits", "in_axons", "out_axons")
"""What a core has a limited amount of."""


def limits_of(profile: Profile) -> Limits:
    """The capacities of a profile; ``cpu`` has some that nothing reaches."""
    core, chip, synapse = profile.core, profile.chip, profile.synapse
    index = min(max((core.neurons - 1).bit_length(), synapse.index_bits_min),
                synapse.index_bits_max)
    return Limits(
        neurons=core.neurons, synapse_bits=core.synapse_bits,
        memory_bits=core.memory_bits if core.memory_shared else core.synapse_bits,
        in_axons=core.in_axons, out_axons=core.out_axons, thresholds=core.threshold_settings,
        settings=core.neuron_settings, formats=core.synapse_formats,
        weight_bits=synapse.weight_bits, index_bits=index,
        tag_bits=profile.learning.tag_bits, trace_bits=profile.learning.trace_bits_per_synapse,
        delay_bits=synapse.delay_bits, weight_bits_min=synapse.weight_bits_min,
        weight_exponent_min=synapse.weight_exponent_min, fitted=synapse.weight_bits_fitted,
        entry_synapses=synapse.entry_synapses, header_bits=synapse.entry_header_bits,
        word_bits=core.word_bits, neuron_bits=core.neuron_bits if core.memory_shared else 0,
        plastic_slots=profile.learning.in_axon_slots, cores=chip.cores_usable,
        chips=profile.board.chips, columns=chip.mesh_columns * chip.cores_per_tile,
        rows=chip.mesh_rows, tile=chip.cores_per_tile,
        chip_columns=profile.board.columns)
