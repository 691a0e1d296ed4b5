"""Integer arithmetic and quantisers: the ground every backend stands on."""

from neuromorph.numerics import limits
from neuromorph.numerics.integer import (
    IntArray,
    decay,
    multiply_shift,
    round_shift,
    saturate,
    shift,
    signed_bits,
    wrap,
)
from neuromorph.numerics.quantise import SIGNED_8, quantise

__all__ = ["SIGNED_8", "IntArray", "decay", "limits", "multiply_shift", "quantise", "round_shift",
           "saturate", "shift", "signed_bits", "wrap"]
