"""Layers in integers: their codes, what they answer, on which profile they are placed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.equal import require_equal
from neuromorph.circuits.ensembles import Layer, answers, closed_form, trains
from neuromorph.circuits.ensembles.build import CODE_MAX
from neuromorph.compile import Unit
from neuromorph.errors import RangeProofError, TensorError
from neuromorph.network import Probe
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.papers.ensembles import Layers
from neuromorph.translate.block.scales import multiplier_of, rows_of

PROFILE = "kapoho_point"
"""Whose chips layers are placed on."""

ANSWER = Probe("answer", "spikes")


def codes_of(images: NDArray[Any]) -> NDArray[np.int64]:
    """Pixels of 0 to 1 as payloads."""
    codes: NDArray[np.int64] = np.rint(images * CODE_MAX).astype(np.int64)
    return codes


def in_integers(floats: Layers, images: NDArray[Any]) -> list[Layer]:
    """Weights in 8 bits by neuron; codes whose largest is the largest activity seen.

    Raises
    ------
    TensorError
        If no image makes a layer say anything.
    RangeProofError
        If a bias is beyond what a sum holds.
    """
    said = floats.activities(images)
    for n, one in enumerate(said[1:]):
        if not np.abs(one).max() > 0:
            raise TensorError("no input makes this layer say anything", where=f"layer {n + 1}",
                              found="0 for each", hint="give inputs that do, or larger biases")
    units = [1 / CODE_MAX, *(float(one.max()) / CODE_MAX for one in said[1:-1]),
             float(np.abs(said[-1]).max()) / 2**15]
    found = []
    for n, (weights, bias) in enumerate(zip(floats.weights, floats.biases, strict=True)):
        rows, scale = rows_of(weights)
        multiplier, shift = multiplier_of(scale * units[n] / units[n + 1], f"layer {n + 1}")
        last = n == len(floats.weights) - 1
        unit = units[n + 1] if last else scale * units[n]
        found.append(Layer(rows, _biases(bias, unit, f"layer {n + 1}"), multiplier, shift))
    return found


def _biases(bias: NDArray[Any], unit: Any, where: str) -> NDArray[np.int64]:
    with np.errstate(all="ignore"):  # what is no number is refused
        codes = np.rint(bias / unit)
    if not (np.abs(codes) <= STATE_MAX).all():
        raise RangeProofError("a bias is beyond what a sum holds", where=where,
                              found=f"{np.abs(bias).max():.3g}, in steps of {np.min(unit):.3g}",
                              expected=f"at most {STATE_MAX} steps",
                              hint="smaller biases, or larger weights")
    whole: NDArray[np.int64] = codes.astype(np.int64)
    return whole


def answered(unit: Unit, layers: list[Layer], codes: NDArray[Any], backend: str) -> NDArray[Any]:
    """What a unit answers to inputs, one a step, shape (inputs, outputs).

    Raises
    ------
    DisagreementError
        If it is not what the closed form says.
    """
    inputs, steps = trains(layers, codes)
    said = unit.run(backends.get(backend).run, inputs, [ANSWER], steps)
    found = answers(layers, said.spikes("answer"))
    require_equal("the layers", "ensembles", [("answer", found, closed_form(layers, codes))],
                  "number")
    return found
