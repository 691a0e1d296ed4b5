"""Activations of an MLP: as integers have them, and as floats do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from neuromorph.errors import ModelStructureError
from neuromorph.neurons.gate import GELU, GELU_TANH, QUICK_GELU, SILU, Activation
from neuromorph.shapes import Float64

Floats = NDArray[np.float64]

TANH_SCALE, TANH_CUBE = float(np.sqrt(2 / np.pi)), 0.044715


class Curve(NamedTuple):
    """An activation: its name, the constants of a `Gate`, and the function itself."""

    name: str
    numbers: Activation
    floats: Callable[[Annotated[Float64, "..."]], Annotated[Float64, "..."]]

    def __call__(self, x: Annotated[Float64, "*shape"]) -> Annotated[Float64, "*shape"]:
        """Of real numbers."""
        return self.floats(x)


def _silu(x: Floats) -> Floats:
    found: Floats = x * expit(x)
    return found


def _gelu(x: Floats) -> Floats:
    found: Floats = x * ndtr(x)
    return found


def _quick_gelu(x: Floats) -> Floats:
    found: Floats = x * expit(1.702 * x)
    return found


def _gelu_tanh(x: Floats) -> Floats:
    found: Floats = x * .5 * (1 + np.tanh(TANH_SCALE * (x + TANH_CUBE * x * x * x)))
    return found


CURVES = {curve.name: curve for curve in (
    Curve("silu", SILU, _silu),
    Curve("gelu", GELU, _gelu),
    Curve("gelu_tanh", GELU_TANH, _gelu_tanh),
    Curve("quick_gelu", QUICK_GELU, _quick_gelu))}
"""Those that a `Gate` has."""

ALIASES = {"swish": "silu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh",
           "gelu_fast": "gelu_tanh"}
"""Other names that configurations have for them."""


def curve_of(name: str, where: str) -> Curve:
    """The activation of that name.

    Raises
    ------
    ModelStructureError
        If no neuron has it, as there is none for ReLU.
    """
    found = CURVES.get(ALIASES.get(name, name))
    if found is None:
        raise ModelStructureError("the activation has no circuit here", where=where, found=name,
                                  expected=", ".join(sorted({*CURVES, *ALIASES})))
    return found
