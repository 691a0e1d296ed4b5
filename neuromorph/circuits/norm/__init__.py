"""The RMS norm: a vector over the root of its mean square, and the root beside it."""

from neuromorph.circuits.norm.bound import longest
from neuromorph.circuits.norm.build import H_AT, Y_AT, Norm, build, norm_of

__all__ = ["H_AT", "Y_AT", "Norm", "build", "longest", "norm_of"]
