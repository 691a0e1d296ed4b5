"""The arithmetic of single numbers, compiled."""

from __future__ import annotations

from numba import njit

from neuromorph.backends.fast.stepping import compilable
from neuromorph.neurons import quotient, reciprocal, rsqrt
from neuromorph.numerics import scalar

(multiply_shift, round_shift, clip, saturate, inverse_root_payload, root_payload, least,
 reciprocal_payload, divided) = (
    njit(compilable(function), error_model="numpy") for function in (
        scalar.multiply_shift_one, scalar.round_shift_one, scalar.clip_one, scalar.saturate_one,
        rsqrt.inverse_root_payload_one, rsqrt.root_payload_one, rsqrt.least_one,
        reciprocal.reciprocal_payload, quotient.divided_one))
