"""The closed form of a projector."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from neuromorph.circuits.projector.build import LATERAL_SHIFT, SHIFT, Projector
from neuromorph.neurons.requantise import step_requantise_fixed
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shapes import Int64, Integer


def project(
    projector: Projector, codes: Annotated[Integer, "vectors inputs"]
) -> Annotated[Int64, "vectors inputs"]:
    """e = x - H^T H x as the circuit rounds it, shape (vectors, inputs).

    Parameters
    ----------
    projector : Projector
    codes : int array, shape (vectors, inputs)
        Within the projector's limit.
    """
    held, rows = np.asarray(codes, np.int64), projector.rows.astype(np.int64)
    y = step_requantise_fixed(held @ rows.T, multiplier=projector.multiplier,
                              shift=LATERAL_SHIFT, bias=0, limit=STATE_MAX)
    return step_requantise_fixed((held << SHIFT) - y @ rows, multiplier=1, shift=SHIFT, bias=0,
                                 limit=2 * projector.limit)
