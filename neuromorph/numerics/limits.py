"""Widths of Loihi's registers that the integer semantics itself is made of.

Capacities (cores, axons, synaptic memory) are not here: those are data, in
``hardware_profiles/``. Source: the bit-accurate process models of lava-nc 0.10.
"""

STATE_MAX = 2**23 - 1
"""Largest potential; 24 bits signed, and the potential saturates symmetrically."""

STATE_MODULUS = 2**24
"""The synaptic current wraps at this many values."""

DECAY_BITS = 12
DECAY_UNITY = 1 << DECAY_BITS
"""A decay of this much forgets everything in one step."""

INPUT_SHIFT = 6
"""Synaptic input and threshold are aligned this many bits up."""

INPUT_BITS, NARROW_INPUT_BITS = 24, 22
"""Width of a step's synaptic input, in units of v: of u itself, or on Loihi 1 of its adder."""

VTH_MAX = 2**17 - 1
BIAS_MANT_MAX = 2**12 - 1
BIAS_EXP_MAX = 7

WEIGHT_MIN, WEIGHT_MAX = -256, 255
EXPONENT_MIN, EXPONENT_MAX = -8, 7
SYNAPSE_MAX = WEIGHT_MAX << EXPONENT_MAX
"""What one synapse delivers at most, 32640; nearly all that the narrow adder holds."""

DELAY_MAX = 62
PAYLOAD_BITS = 24
"""Widest graded payload that is usable in full."""

PRODUCT_BITS = 48
"""Width of a product within a program, before it is shifted; assumed, not published."""

MULTIPLIER_MAX = 2**16 - 1
"""Largest constant that a program multiplies by; assumed, not published."""

INPUT_MAX = VTH_MAX
"""Largest synaptic input a step that does not wrap a forgetting current (du = 4096)."""

TRACE_BITS = 7
TRACE_MAX = (1 << TRACE_BITS) - 1
"""Pre- and postsynaptic traces have 7 bits."""

TAG_MIN, TAG_MAX = -257, 255
"""Where the tag of a plastic synapse stops (lava-nc's fixed learning clips here)."""
