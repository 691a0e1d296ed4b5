"""The widths of a chip family's registers, as one value."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Registers:
    """Bits of each register, named as a hardware profile's fields are; the defaults are Loihi's.

    ::

        -2^(b-1) < v < 2^(b-1)       b = potential_bits; v saturates
        -2^(b-1) <= u < 2^(b-1)      b = current_bits; u wraps
        0 <= vth < 2^threshold_bits
        |bias mantissa| < 2^(bias_bits - 1)
        -2^weight_bits <= w < 2^weight_bits

    The integer semantics are those of `LOIHI`: nothing here emulates other widths. Registers that
    are narrower may still hold all numbers of a circuit, and then give the same integers.

    Attributes
    ----------
    potential_bits, current_bits : int
        Potential and synaptic current, signed.
    input_bits : int
        A step's synaptic input, signed, in units of v.
    input_shift : int
        A stock neuron's input and threshold are shifted up by this.
    decay_bits : int
        A decay of 2^this forgets all in a step.
    threshold_bits : int
        Mantissa of the threshold, unsigned.
    bias_bits, bias_exponent_max : int
        Mantissa of the bias, signed, and its largest shift.
    payload_bits : int
        A graded spike's payload, signed; 0 without.
    weight_bits : int
        A stored weight; with mixed signs its lowest bit is the sign's.
    weight_exponent_min, weight_exponent_max : int
        Shift of the summed input.
    delay_max : int
        Steps beyond the one of every synapse.
    trace_bits, tag_bits, accumulator_bits : int
        Traces, tags (signed) and the sums (signed) of the learning engine.
    """

    potential_bits: int = 24
    current_bits: int = 24
    input_bits: int = 24
    input_shift: int = 6
    decay_bits: int = 12
    threshold_bits: int = 17
    bias_bits: int = 13
    bias_exponent_max: int = 7
    payload_bits: int = 24
    weight_bits: int = 8
    weight_exponent_min: int = -8
    weight_exponent_max: int = 7
    delay_max: int = 62
    trace_bits: int = 7
    tag_bits: int = 9
    accumulator_bits: int = 16

    @property
    def state_max(self) -> int:
        """Largest potential."""
        return (1 << self.potential_bits - 1) - 1

    @property
    def threshold_max(self) -> int:
        """Largest mantissa of a threshold."""
        return (1 << self.threshold_bits) - 1

    @property
    def bias_max(self) -> int:
        """Largest magnitude of a bias's mantissa."""
        return (1 << self.bias_bits - 1) - 1

    @property
    def weight_max(self) -> int:
        """Largest weight."""
        return (1 << self.weight_bits) - 1

    @property
    def trace_max(self) -> int:
        """Largest trace."""
        return (1 << self.trace_bits) - 1

    def within(self, other: Registers) -> Registers:
        """Registers whose numbers both can hold."""
        return Registers(**{
            name: (max if name.endswith("_min") else min)(getattr(self, name), getattr(other, name))
            for name in NAMES})


NAMES = tuple(field.name for field in fields(Registers))

LOIHI = Registers()
"""What the integer semantics are made of: the bit-accurate process models of lava-nc 0.10."""
