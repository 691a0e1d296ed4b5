"""Layers of one's own, from a file of arrays: what they say in integers, and by groups."""

from __future__ import annotations

from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.circuits.ensembles_run import PROFILE, answered, codes_of, in_integers
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.collect import check_names
from neuromorph.api.equal import require_equal
from neuromorph.circuits.ensembles import build
from neuromorph.compile import Unit, ensembles, placement
from neuromorph.compile.ensembles import groups_of
from neuromorph.errors import TensorError
from neuromorph.files.arrays import load_arrays
from neuromorph.papers.ensembles import Layers
from neuromorph.profiles import load_profile
from neuromorph.report.ensembles import draw_ensembles

INPUTS = "inputs"


def run_own(path: str, backend: str) -> Outcome:
    """Answers to the file's inputs, in float and integers, and what both packings take.

    Parameters
    ----------
    path : str
        An ``.npz`` of ``weight.0``, ``bias.0``, … as (outputs, inputs) and (outputs,), rectified
        but for the last, and ``inputs`` (inputs, size), none of them negative.
    backend : str

    Raises
    ------
    TensorError
        If arrays do not fit each other, or hold what is no number.
    UsageError
        If no layer is made of blocks.
    """
    floats, inputs = read_own(path)
    layers = in_integers(floats, inputs)
    unit = Unit("layers", build(layers))
    cut = ensembles(unit)
    found = answered(unit, layers, codes_of(inputs), backend)
    require_equal("the network by groups", "ensembles", [
        ("answer", answered(cut, layers, codes_of(inputs), backend), found)], "number")
    exact = floats.activities(inputs)[-1]
    profile = load_profile(PROFILE)
    taken = {"blocks, packed as any layer": [placement(unit, profile)],
             "blocks, by groups": [placement(cut, profile)]}
    groups = dict(groups_of(unit.network))
    numbers: dict[str, Any] = {
        "layers": len(layers), "inputs": len(inputs),
        "groups": list(groups.values()), "populations_by_groups": len(cut.network.populations),
        "same_largest_answer_as_float": float((found.argmax(1) == exact.argmax(1)).mean()),
        **{f"{what} {kind}": one.as_dict()[what] for kind, (one,) in taken.items()
           for what in ("cores", "deliveries")}}
    plain, own = (one for (one,) in taken.values())
    said = (f"{', '.join(groups)}: groups of {', '.join(map(str, groups.values()))}. By groups it "
            f"takes {own.cores} cores and {own.deliveries:,} arrivals, packed as any layers "
            f"{plain.cores} and {plain.deliveries:,}.")
    first = next(n for n, layer in enumerate(layers) if not layer.weights.all())
    return Outcome(numbers, (said, "All integers are the closed form's, cut by groups or not."),
                   partial(_draw, layers[first].weights != 0, sum(map(len, floats.biases)),
                           {kind: [one.as_dict()] for kind, (one,) in taken.items()}))


def read_own(path: str) -> tuple[Layers, NDArray[np.float64]]:
    """Layers, and inputs of 0 to 1; the first layer's weights take the inputs' largest."""
    arrays = load_arrays(path, lambda found: check_names(found, _names(found), "weights"))
    many = sum(name.startswith("weight.") for name in arrays)
    missing = [name for name in (*_layer_names(max(1, many)), INPUTS) if name not in arrays]
    if missing:
        raise TensorError("an array is missing", where=path, expected=missing[0])
    for name, array in arrays.items():
        if array.dtype.kind not in "iuf" or not array.size:
            raise TensorError("an array holds no real numbers", where=name, found=array.dtype)
    weights = [np.asarray(arrays[f"weight.{n}"], np.float64) for n in range(many)]
    biases = [np.asarray(arrays[f"bias.{n}"], np.float64) for n in range(many)]
    inputs = np.asarray(arrays[INPUTS], np.float64)
    _check_shapes(weights, biases, inputs)
    largest = float(inputs.max())
    if inputs.min() < 0 or largest == 0:
        raise TensorError("inputs are payloads of 0 and more, not all 0", where=INPUTS,
                          found=f"{inputs.min():.3g} to {largest:.3g}")
    weights[0] = weights[0] * largest
    return Layers(list(weights), list(biases), []), inputs / largest


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
        raise TensorError("arrays have the wrong shape", where="weights", found=shapes,
                          expected="(outputs, inputs) each, and inputs (inputs, size)")
    for n, (weight, bias) in zip(count(), zip(weights, biases, strict=True)):
        if bias.shape != weight.shape[:1]:
            raise TensorError("a bias does not fit its weights", where=f"bias.{n}",
                              found=bias.shape, expected=weight.shape[:1])
    if inputs.shape[1] != shapes[0][1] or any(a[0] != b[1] for a, b in pairwise(shapes)):
        raise TensorError("layers do not fit one another, or the inputs", where="weights",
                          found=[inputs.shape, *shapes])


def _draw(mask: NDArray[Any], neurons: int, taken: dict[str, list[dict[str, int]]],
          path: Path) -> None:
    draw_ensembles(mask, [neurons], taken, path, across="neurons of all layers",
                   title="Weights of the first layer with blocks")
