"""From lateral rows to a network that sends residuals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from neuromorph.errors import RangeProofError, TensorError, UsageError
from neuromorph.network import Network, Phase, Population, Port, Projection, Schedule
from neuromorph.neurons.requantise import Requantise
from neuromorph.numerics.held import held, identity
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Float, Int32
from neuromorph.shown import Shown

SHIFT = 7
"""Of the residual's sum, in which a code counts 128 times: as much as a synapse holds."""

LATERAL_SHIFT = 22
"""Of y's multiplier, which has at most 16 bits."""

UNIT = 0.6 / 127
"""What a lateral weight of 1 stands for, where no row has a larger one than .6."""

LATENCY = 2
"""Steps from a code's arrival to its residual's."""

WEIGHT_MAX = 127


@dataclass(frozen=True, eq=False, repr=False)
class Projector(Shown):
    """Lateral rows in 8 bits, and the codes they take.

    Attributes
    ----------
    rows : int array, shape (rows, inputs)
        Twice H, in units: synapses of both signs are even.
    unit : float
        What a weight of 1 stands for.
    limit : int
        Largest magnitude of a code.
    """

    rows: Annotated[Int32, "rows inputs"]
    unit: float
    limit: int = WEIGHT_MAX

    @property
    def multiplier(self) -> int:
        """Of y = H x, in units of which ``2^SHIFT / unit`` make one of a code."""
        return round(2.0 ** (SHIFT + LATERAL_SHIFT) * self.unit**2)


def quantise_rows(rows: Annotated[Float, "rows inputs"], *, limit: int = WEIGHT_MAX) -> Projector:
    """H in 8 bits with a common unit, the smallest in which the largest weight fits.

    Parameters
    ----------
    rows : float array, shape (rows, inputs)
        About orthonormal: H H^T = I within .05.
    limit : int
        Largest magnitude of a code, 1 to 127.

    Raises
    ------
    TensorError
        If the rows are no such array.
    UsageError
        If the limit is none, or no direction is left outside of the rows.
    """
    held_rows = np.asarray(rows)
    if held_rows.ndim != 2 or not held_rows.size or held_rows.dtype.kind != "f":
        raise TensorError("lateral rows have the wrong shape or type", where="projector",
                          found=f"{held_rows.dtype}, shape {held_rows.shape}",
                          expected="floats, (rows, inputs), neither of them 0")
    if not np.isfinite(held_rows).all():
        raise TensorError("lateral rows hold NaN or infinity", where="projector")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= WEIGHT_MAX:
        raise UsageError("no such limit of a code", found=repr(limit), expected="1 to 127")
    count, inputs = held_rows.shape
    if count >= inputs:
        raise UsageError("the rows run out: nothing is outside of them", where="projector",
                         found=f"{count} rows of {inputs} inputs",
                         expected=f"at most {inputs - 1}")
    away = float(np.abs(held_rows @ held_rows.T - np.eye(count)).max())
    if away > 0.05:
        raise TensorError("lateral rows are not orthonormal", where="projector",
                          found=f"H H^T is {away:.3g} away from the identity",
                          expected="at most .05", hint="let them learn longer, or orthogonalise")
    unit = float(np.abs(held_rows).max()) / (WEIGHT_MAX // 2)
    return Projector(np.rint(held_rows / unit).astype(np.int32) * 2, unit / 2, limit)


def build(projector: Projector) -> Network:
    """Residuals of frozen rows, as payloads two steps after the codes.

    ::

        y = round(multiplier sum_j H_kj x_j / 2^22)           lateral
        e = round((128 x - sum_k H_kj y_k) / 2^7)             residual: x - H^T H x

        code --(H)--> lateral --(-H^T)--> residual <--(128, a step later)-- code

    Of a code in the rows' subspace little more than rounding is left. Programmable neurons
    (`Requantise`), static synapses: H comes of calibration, for a learning engine that draws one
    number a step for all weights does not learn it reliably.

    Raises
    ------
    RangeProofError
        If a sum might leave its 24 bits.
    """
    count, inputs = projector.rows.shape
    _prove(projector)
    source = Port("code", "code", inputs, projector.limit.bit_length() + 1, -projector.limit,
                  projector.limit, (0,), "codes of a vector",
                  course=((0, 1, -projector.limit, projector.limit),))
    lateral = Population("lateral", count, Requantise(multiplier=projector.multiplier,
                                                      shift=LATERAL_SHIFT))
    residual = Population("residual", inputs, Requantise(multiplier=1, shift=SHIFT,
                                                         limit=2 * projector.limit))
    weights = held(projector.rows)
    projections = (
        Projection("rows", "code", "lateral", weights, graded=True),
        Projection("keep", "code", "residual", identity(inputs, 1 << SHIFT), graded=True,
                   delay=1),
        Projection("back", "lateral", "residual", held(-weights.T), graded=True),
    )
    return Network("projector", "fixed", (source.source, lateral, residual), projections,
                   Schedule(LATENCY + 1, (Phase("project", 0, LATENCY + 1),)), (), (source,),
                   (Port.of(residual, (LATENCY,), "what lies outside of the rows"),))


def _prove(projector: Projector) -> None:
    """Sums by the rows' 1-norms: of y, and of what comes back of it."""
    weights = np.abs(projector.rows.astype(np.int64))
    y = int(weights.sum(axis=1).max()) * projector.limit
    sent = (weights.sum(axis=1) * projector.limit * projector.multiplier >> LATERAL_SHIFT) + 1
    back = int((weights * sent[:, None]).sum(axis=0).max()) + (projector.limit << SHIFT)
    for name, found in (("lateral", y), ("residual", back)):
        if found > STATE_MAX:
            raise RangeProofError("a sum may leave its 24 bits", where=f"projector, {name}",
                                  found=found, expected=f"at most {STATE_MAX}",
                                  hint="fewer rows, or codes of fewer bits")
