"""The Process that turns vectors into spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike

from neuromorph.dynamics.encode import Encoding, check_vectors
from neuromorph.errors import UsageError


class Encoder(AbstractProcess):
    """Source that presents vectors one after the other, each as spikes over ``period`` steps.

    ::

        x = vectors[t // period % count],  p = t % period          t = 0, 1, …
        k = ceil(levels |x| / limit - 1/2)     levels = steps, or 2^steps - 1 for bit planes

        graded        s_out = x at p = 0
        bit_plane     spikes at p where bit p of k is set
        rate          v = v + x; spike where 2|v| > limit, v = v -+ limit; v = 0 before p = 0
        sigma_delta   the same, and v goes on from one vector to the next
        latency       spike at p = steps - k, none for k = 0

    After the last vector the first one comes again, as from a `RingBuffer`. The fixed model
    takes whole numbers only, up to 24 bits. `neuromorph.dynamics.encode.Encoding` says how
    much each code loses, and which stock neuron adds its spikes up again; `LatencyEncoder`,
    in `neuromorph.processes.encoder.latency`, makes one of the codes out of stock Processes.

    Parameters
    ----------
    vectors : array, shape (count, size)
        Numbers from -limit to limit.
    code : str
        "graded", "bit_plane", "rate", "sigma_delta" or "latency".
    limit : int or float
        Largest magnitude; positive.
    steps : int, optional
        Steps a vector takes.
    period : int, optional
        Steps from one vector to the next, at least ``steps`` (the default); silent in between.

    Attributes
    ----------
    s_out : OutPort
        Shape (size,) and signed payloads for ``graded`` (give `Dense` its ``num_message_bits``);
        else (2 size,) and plain spikes, of positive numbers first, then of negative ones.
    v, step : Var
        What each number still owes; steps since the first vector.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> encoder = Encoder(vectors=[[100, -3], [0, 127]], code="rate", limit=127, steps=16)
    >>> synapses = Dense(weights=np.array([[10, 20, -10, -20]]))
    >>> encoder.s_out.connect(synapses.s_in)
    """

    def __init__(
        self,
        *,
        vectors: ArrayLike,
        code: str,
        limit: float,
        steps: int = 1,
        period: int | None = None,
        **settings: Any,
    ) -> None:
        table = np.array(vectors)
        period = steps if period is None else period
        super().__init__(vectors=table, period=period, **settings)
        # Not before: Lava's destructor needs what its constructor sets.
        encoding = Encoding(code, limit, steps)
        check_vectors(encoding, table)
        if not isinstance(period, int | np.integer) or period < steps:
            raise UsageError("the next vector would come before the last one is sent",
                             where="Encoder", found=f"a period of {period}",
                             expected=f"at least {steps} steps")
        self.proc_params["encoding"] = encoding
        size = table.shape[1]
        self.s_out = OutPort(shape=(encoding.axons(size),))
        self.v = Var(shape=(size,), init=0)
        self.step = Var(shape=(1,), init=0)
