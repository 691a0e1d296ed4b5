"""RMS and layer norms: a vector over the root of its mean square, and the root beside it."""

from neuromorph.circuits.norm.bound import longest
from neuromorph.circuits.norm.build import Norm, build, check, mean_constants, norm_of

__all__ = ["Norm", "build", "check", "longest", "mean_constants", "norm_of"]
