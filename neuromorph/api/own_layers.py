"""Layers of one's own, from a file of arrays."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.circuits.ensembles_run import codes_of, in_integers
from neuromorph.api.collect import check_names
from neuromorph.deploy.layers import OwnLayers
from neuromorph.errors import TensorError
from neuromorph.files.arrays import load_arrays
from neuromorph.files.opening import StrPath
from neuromorph.papers.ensembles import Layers

INPUTS = "inputs"

SMALLEST = float(np.finfo(np.float32).tiny)
"""Of a layer's largest weights: below it there is no full precision, and steps may be 0."""


def load_layers(path: StrPath) -> OwnLayers:
    """The layers of a file in integers, as `read_own` reads them.

    Raises
    ------
    MissingFileError, FileFormatError, TensorError
    """
    floats, inputs = read_own(path)
    return OwnLayers(str(path), in_integers(floats, inputs), codes_of(inputs))


def read_own(path: StrPath) -> tuple[Layers, NDArray[np.float64]]:
    """Layers, and inputs of 0 to 1; the first layer's weights take the inputs' largest.

    Parameters
    ----------
    path : path
        An ``.npz`` of ``weight.0``, ``bias.0``, … as (outputs, inputs) and (outputs,), rectified
        but for the last, and ``inputs`` (inputs, size), none of them negative.

    Raises
    ------
    MissingFileError, FileFormatError
    TensorError
        If arrays do not fit each other, or hold what is no number.
    """
    arrays = load_arrays(path, lambda found: check_names(found, _names(found), "weights"))
    many = sum(name.startswith("weight.") for name in arrays)
    missing = [name for name in (*_layer_names(max(1, many)), INPUTS) if name not in arrays]
    if missing:
        raise TensorError("an array is missing", where=path, expected=missing[0])
    for name, array in arrays.items():
        if array.dtype.kind not in "iuf":
            raise TensorError("an array holds no real numbers", where=name, found=array.dtype)
        if not array.size:
            raise TensorError("an array is empty", where=name, found=array.shape)
    weights = [np.asarray(arrays[f"weight.{n}"], np.float64) for n in range(many)]
    biases = [np.asarray(arrays[f"bias.{n}"], np.float64) for n in range(many)]
    inputs = np.asarray(arrays[INPUTS], np.float64)
    _check_shapes(weights, biases, inputs)
    largest = float(inputs.max())
    if inputs.min() < 0 or largest == 0:
        raise TensorError("inputs are payloads of 0 and more, not all 0", where=INPUTS,
                          found=f"{inputs.min():.3g} to {largest:.3g}")
    weights[0] = weights[0] * largest
    _check_steps(weights)
    return Layers(list(weights), list(biases), []), inputs / largest


def _check_steps(weights: list[NDArray[np.float64]]) -> None:
    """Refuse weights so small that their steps are no numbers: those that underflow."""
    for n, weight in enumerate(weights):
        largest = float(np.abs(weight).max())
        if 0 < largest < SMALLEST:
            raise TensorError("weights are too small for steps of their own", where=f"weight.{n}",
                              found=f"{largest:.3g} at most", expected=f"{SMALLEST:.3g} or more",
                              hint="scale them" if n else "scale them, or the inputs")


def _names(found: Any) -> list[str]:
    return [*_layer_names(len(list(found))), INPUTS]


def _layer_names(many: int) -> list[str]:
    return [f"{part}.{n}" for n in range(many) for part in ("weight", "bias")]


def _check_shapes(
    weights: list[NDArray[np.float64]], biases: list[NDArray[np.float64]],
    inputs: NDArray[np.float64],
) -> None:
    shapes = [w.shape for w in weights]
    if any(len(shape) != 2 for shape in shapes) or inputs.ndim != 2:
        raise TensorError("arrays have the wrong shape", where="weights",
                          found=[*shapes, inputs.shape],
                          expected="(outputs, inputs) each, and inputs (inputs, size)")
    for n, (weight, bias) in zip(count(), zip(weights, biases, strict=True)):
        if bias.shape != weight.shape[:1]:
            raise TensorError("a bias does not fit its weights", where=f"bias.{n}",
                              found=bias.shape, expected=weight.shape[:1])
    if inputs.shape[1] != shapes[0][1] or any(a[0] != b[1] for a, b in pairwise(shapes)):
        raise TensorError("layers do not fit one another, or the inputs", where="weights",
                          found=[inputs.shape, *shapes])
