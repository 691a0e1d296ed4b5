"""Every field that a hardware profile has, with its unit, its range and its meaning."""

from __future__ import annotations

from neuromorph.profiles.quantity import Amount, Section, count, flag, measure

WIDEST = 64
"""Bits of the widest register that a profile may have."""

LARGE = 2**15
"""Beyond the mantissa of any learning rule's constant."""


class Board(Section):
    """Chips of a board, on a grid of columns and rows."""

    chips: int = count("chips", "Chips on the board.")
    columns: int = count("chips", "Columns of the grid of chips.")
    rows: int = count("chips", "Rows of the grid of chips.")


class Chip(Section):
    """One chip: its cores, where they lie, and what it takes when it idles."""

    cores: int = count("cores", "Neuromorphic cores of a chip.")
    cores_usable: int = count("cores", "Cores of a chip that a program may use.")
    embedded_processors: int = count("processors", "Conventional processors of a chip.", low=0)
    mesh_columns: int = count("tiles", "Columns of the mesh of tiles.")
    mesh_rows: int = count("tiles", "Rows of the mesh of tiles.")
    cores_per_tile: int = count("cores", "Cores that share one router of the mesh.")
    router_columns: int = count("routers", "Columns of the chip's other plan, of routers.")
    router_rows: int = count("routers", "Rows of that plan.")
    router_cores: int = count("cores", "Cores of a router of that plan.")
    step_min: Amount = measure("ns", "Shortest time step.", 0, 1e7)


class Core(Section):
    """Capacities of one core."""

    neurons: int = count("neurons", "Neurons (compartments).")
    synapse_bits: int = count("bits", "Memory that synapses may take.", low=1024)
    memory_bits: int = count("bits", "All memory of the core.", low=1024)
    memory_shared: bool = flag("Whether neurons and synapses draw on the same memory: then what "
                               "both take together is at most memory_bits.")
    neuron_bits: int = count("bits", "Memory that the state of one neuron takes.", low=0)
    word_bits: int = count("bits", "Synaptic memory is given out in words of this size.", high=4096)
    compiler_bits: int = count("bits", "Synaptic memory that the maker's compiler gives out, where "
                                       "that is known; else synapse_bits.", low=1024)
    compiler_word_bits: int = count("bits", "Its words; a list of synapses takes one more as a "
                                            "header.", high=4096)
    in_axons: int = count("axons", "Axons that may end in the core.")
    out_axons: int = count("axons", "Pairs of a neuron and a core that its spikes go to.")
    neuron_settings: int = count("settings", "Different sets of decays and biases' exponents.")
    threshold_settings: int = count("settings", "Different thresholds.")
    synapse_formats: int = count("settings", "Different formats (weight bits, exponent, encoding) "
                                             "of synapses.")


class Neuron(Section):
    """What neurons can compute and send."""

    programmable: bool = flag("Whether neuron models other than CubaLIF may run.")
    graded_spikes: bool = flag("Whether a spike may carry a payload.")
    payload_bits: int = count("bits", "Usable width of a signed payload; 0 without.", 0, WIDEST)
    current_bits: int = count("bits", "Width of the synaptic current u, signed; it wraps.",
                              high=WIDEST)
    potential_bits: int = count("bits", "Width of the potential v, signed; it saturates.",
                                high=WIDEST)
    input_bits: int = count("bits", "Width of a step's synaptic input, signed, in units of v.",
                            high=WIDEST)
    input_shift: int = count("bits", "A stock neuron's input and threshold are shifted up by "
                                     "this.", 0, WIDEST)
    threshold_bits: int = count("bits", "Width of the threshold's mantissa, unsigned.",
                                high=WIDEST)
    bias_bits: int = count("bits", "Width of the bias's mantissa, signed.", high=WIDEST)
    bias_exponent_max: int = count("bits", "Largest shift of the bias.", 0, WIDEST)
    decay_bits: int = count("bits", "Width of the decays: 2^this forgets all.", high=WIDEST)


class Synapse(Section):
    """How synapses are stored, and what that takes."""

    dense: bool = flag("Whether an axon's weights may be stored without indices.")
    sparse: bool = flag("Whether an axon's weights may be stored with an index each.")
    weight_bits_min: int = count("bits", "Fewest bits of a stored weight.", high=WIDEST)
    weight_bits: int = count("bits", "Most bits of a stored weight; with mixed signs the lowest "
                                     "bit is the sign's.", high=WIDEST)
    weight_bits_fitted: bool = flag("Whether a projection that does not learn is stored in as few "
                                    "bits as its largest weight needs; else all take the most.")
    weight_exponent_min: int = count("bits", "Least shift of the summed input.", -WIDEST, WIDEST)
    weight_exponent_max: int = count("bits", "Largest shift of the summed input.", -WIDEST, WIDEST)
    delay_bits: int = count("bits", "Bits a synapse takes more where it has a delay.", 0, WIDEST)
    delay_max: int = count("steps", "Longest delay beyond the one step of every synapse.", 0)
    index_bits_min: int = count("bits", "Fewest bits of an index of the sparse encoding.",
                                high=WIDEST)
    index_bits_max: int = count("bits", "Most bits of an index of the sparse encoding.",
                                high=WIDEST)
    entry_synapses: int = count("synapses", "Synapses of one axon that share a header.")
    entry_header_bits: int = count("bits", "Bits of that header.", 0, 4096)


class Learning(Section):
    """What the learning engine can do, and what plastic synapses take more than static ones."""

    allowed: bool = flag("Whether synapses may be plastic.")
    three_factor: bool = flag("Whether third factors, one a neuron, may take the place of y1, y2 "
                              "and y3.")
    payload_to_trace: bool = flag("Whether a graded payload may set the trace x1.")
    trace_bits: int = count("bits", "Width of a trace.", 0, WIDEST)
    pre_traces: int = count("traces", "Traces of an axon that learns, beside its spike.", 0)
    post_traces: int = count("traces", "Traces of a neuron whose synapses learn, beside its spike.",
                             0)
    accumulator_bits: int = count("bits", "Width in which a rule's terms are summed, signed.",
                                  high=WIDEST)
    tag_bits: int = count("bits", "Width of a tag, and what a plastic synapse takes more where "
                                  "its rule has one.", 0, WIDEST)
    trace_bits_per_synapse: int = count("bits", "What a plastic synapse takes more for traces.",
                                        0, 4096)
    in_axon_slots: int = count("axons", "In-axons that one axon with plastic synapses takes.")
    mantissa_min: int = count("1", "Least mantissa of a rule's constant.", -LARGE, 0)
    mantissa_max: int = count("1", "Largest mantissa of a rule's constant.", 0, LARGE)
    exponent_min: int = count("bits", "Least exponent of a rule's constant.", -WIDEST, WIDEST)
    exponent_max: int = count("bits", "Largest exponent of a rule's constant.", -WIDEST, WIDEST)
