"""The Process of the latency code made of stock Processes."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from numpy.typing import ArrayLike

from neuromorph.dynamics.encode import Encoding, check_vectors
from neuromorph.errors import UsageError
from neuromorph.numerics.limits import BIAS_MANT_MAX, VTH_MAX, WEIGHT_MAX


class LatencyEncoder(AbstractProcess):
    """Latency code by neurons on a ramp: a graded spike in, one plain spike by magnitude out.

    ::

        v = 2 steps x + 2 limit (p + 1) at step p;  spike = v > limit (2 steps + 1)

    which is so from the step p = steps - k on: spike for spike the latency code of `Encoder`,
    in the fixed domain, one step later. Inside are only stock Processes: a `RingBuffer` with
    a graded spike a number, a `Dense`, and a `LIFReset` that starts again with every vector.

    The other codes have no exact form of this kind. ``rate`` and ``sigma_delta`` keep by how
    much a threshold was passed, which LIF forgets on a spike; a bit of a number is no threshold
    of it; and ``graded`` is a `RingBuffer` already.

    Parameters
    ----------
    vectors : integer array, shape (count, size)
        Numbers from -limit to limit, one vector every ``steps`` steps, over and over.
    limit : int
        Largest magnitude, 1 to 2047; and limit (2 steps + 1) at most 131 071.
    steps : int
        Steps a vector, 1 to 127.

    Attributes
    ----------
    s_out : OutPort
        Shape (2 size,): spikes of positive numbers first, then of negative ones.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> encoder = LatencyEncoder(vectors=[[100, -3], [0, 127]], limit=127, steps=16)
    """

    def __init__(self, *, vectors: ArrayLike, limit: int, steps: int, **settings: Any) -> None:
        table = np.array(vectors)
        super().__init__(vectors=table, **settings)
        # Not before: Lava's destructor needs what its constructor sets.
        encoding = Encoding("latency", limit, steps)
        check_vectors(encoding, table, whole=True)
        _check_registers(encoding)
        self.proc_params["encoding"] = encoding
        self.s_out = OutPort(shape=(encoding.axons(table.shape[1]),))


def _check_registers(encoding: Encoding) -> None:
    limit, steps = encoding.limit, encoding.steps
    for number, most, register in ((2 * steps, WEIGHT_MAX, "weight"),
                                   (2 * limit, BIAS_MANT_MAX, "bias mantissa"),
                                   (limit * (2 * steps + 1), VTH_MAX, "threshold")):
        if number > most:
            raise UsageError(f"the {register} of the stock neuron would be too large",
                             where="LatencyEncoder", found=number, expected=f"at most {most}",
                             hint="take fewer steps or a smaller limit")
