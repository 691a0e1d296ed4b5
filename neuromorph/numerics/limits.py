"""Numbers that follow from `registers.LOIHI`, of which the integer semantics itself is made.

Capacities (cores, axons, synaptic memory) are not here, nor the registers of a target: those are
data, in ``hardware_profiles/``.
"""

from neuromorph.numerics.registers import LOIHI

STATE_MAX = LOIHI.state_max
"""Largest potential; 24 bits signed, and the potential saturates symmetrically."""

STATE_MODULUS = 1 << LOIHI.current_bits
"""The synaptic current wraps at this many values."""

DECAY_BITS = LOIHI.decay_bits
DECAY_UNITY = 1 << DECAY_BITS
"""A decay of this much forgets everything in one step."""

INPUT_SHIFT = LOIHI.input_shift
"""Synaptic input and threshold are aligned this many bits up."""

INPUT_BITS, NARROW_INPUT_BITS = LOIHI.input_bits, 22
"""Width of a step's synaptic input, in units of v: of u itself, or on Loihi 1 of its adder."""

VTH_MAX = LOIHI.threshold_max
BIAS_MANT_MAX = LOIHI.bias_max
BIAS_EXP_MAX = LOIHI.bias_exponent_max

WEIGHT_MIN, WEIGHT_MAX = -LOIHI.weight_max - 1, LOIHI.weight_max
EXPONENT_MIN, EXPONENT_MAX = LOIHI.weight_exponent_min, LOIHI.weight_exponent_max
SYNAPSE_MAX = WEIGHT_MAX << EXPONENT_MAX
"""What one synapse delivers at most, 32640; nearly all that the narrow adder holds."""

DELAY_MAX = LOIHI.delay_max
PAYLOAD_BITS = LOIHI.payload_bits
"""Widest graded payload that is usable in full."""

PRODUCT_BITS = 48
"""Width of a product within a program, before it is shifted; assumed, not published."""

MULTIPLIER_MAX = 2**16 - 1
"""Largest constant that a program multiplies by; assumed, not published."""

INPUT_MAX = VTH_MAX
"""Largest synaptic input a step that does not wrap a forgetting current (du = 4096)."""

TRACE_BITS, TRACE_MAX = LOIHI.trace_bits, LOIHI.trace_max
"""Pre- and postsynaptic traces have 7 bits."""

TAG_MIN, TAG_MAX = -(1 << LOIHI.tag_bits - 1) - 1, (1 << LOIHI.tag_bits - 1) - 1
"""Where the tag of a plastic synapse stops (lava-nc's fixed learning clips here)."""
