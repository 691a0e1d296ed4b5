"""Weights of 8 bits that make up for each other's rounding on the vectors that a layer hears."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neuromorph.numerics import SIGNED_8
from neuromorph.shapes import Float64, Int8
from neuromorph.translate.block.float_norm import Floats

DAMPING = 0.5
"""Of the mean square of an input, what is added to that of all if there are as many vectors as
inputs: the fewer vectors, the less they are believed."""

TOGETHER = 32
"""Columns that are rounded before all others hear of it, which is faster and changes nothing."""


def compensated(
    weights: Annotated[Float64, "outputs inputs"], scale: Annotated[Float64, "outputs"],
    heard: Annotated[Float64, "vectors inputs"],
) -> Annotated[Int8, "outputs inputs"]:
    """Integers w near W / scale with a small error of the sums, not of each weight.

    ::

        least over w of  E |(W - scale w) h|^2,  column by column, loudest first: what a column's
        rounding adds to the sums is taken away by the columns that are still real numbers

    Parameters
    ----------
    weights : float array, shape (outputs, inputs)
    scale : float array, shape (outputs,)
    heard : float array, shape (vectors, inputs)
        What the layer hears on calibration text.

    Notes
    -----
    Source: Frantar, Ashkboos, Hoefler and Alistarh, "GPTQ: accurate post-training quantization
    for generative pre-trained transformers", 2022.
    """
    moment = heard.T @ heard / len(heard)
    loudness = moment.diagonal()
    order = np.argsort(-loudness, kind="stable")
    moment = moment[np.ix_(order, order)]
    moment[np.diag_indices_from(moment)] += (
        DAMPING * len(moment) / len(heard) * loudness.mean() + np.finfo(float).tiny)
    passed_on = np.linalg.cholesky(np.linalg.inv(moment)).T
    left = (weights / scale[:, None]).T[order]
    rounded = np.zeros(left.shape, np.int8)
    for start in range(0, len(left), TOGETHER):
        some = slice(start, start + TOGETHER)
        rounded[some], missing = _rounded(left[some], passed_on[some, some])
        left[start + TOGETHER :] -= passed_on[some, start + TOGETHER :].T @ missing
    found = np.empty_like(rounded)
    found[order] = rounded
    return np.ascontiguousarray(found.T)


def _rounded(left: Floats, passed_on: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Some columns, and what each of them passes on to all that come after them."""
    rounded, missing = np.zeros(left.shape, np.int8), np.empty_like(left)
    for i, row in enumerate(left):
        rounded[i] = np.clip(np.rint(row), -SIGNED_8, SIGNED_8)
        missing[i] = (row - rounded[i]) / passed_on[i, i]
        left[i + 1 :] -= passed_on[i, i + 1 :, None] * missing[i]
    return rounded, missing
