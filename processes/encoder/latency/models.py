"""The latency code out of stock Processes."""

from __future__ import annotations

import numpy as np
from lava.magma.core.decorator import implements, tag
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIFReset

from neuromorph.numerics.limits import DECAY_UNITY, INPUT_SHIFT
from neuromorph.processes.encoder.latency.process import LatencyEncoder

FIRST_INPUT = 2
"""Lava's first step is 1, and Dense passes a spike on a step later."""


@implements(proc=LatencyEncoder, protocol=LoihiProtocol)
@tag("fixed_pt")  # in floats the same registers mean something else
class SubLatencyEncoderModel(AbstractSubProcessModel):
    """RingBuffer -> Dense -> LIFReset."""

    def __init__(self, process: AbstractProcess) -> None:
        vectors, encoding = process.proc_params["vectors"], process.proc_params["encoding"]
        limit, steps = encoding.limit, encoding.steps
        count, size = vectors.shape
        data = np.zeros((size, count * steps), np.int32)
        data[:, ::steps] = vectors.T
        signs = np.vstack([np.eye(size, dtype=np.int32), -np.eye(size, dtype=np.int32)])
        self.source = RingBuffer(data=data)
        self.synapses = Dense(weights=2 * steps * signs, num_message_bits=limit.bit_length() + 1)
        self.ramp = LIFReset(
            shape=(2 * size,), du=DECAY_UNITY - 1, dv=0, vth=limit * (2 * steps + 1),
            bias_mant=2 * limit, bias_exp=INPUT_SHIFT,  # input and threshold are shifted too
            reset_interval=steps, reset_offset=FIRST_INPUT)
        self.source.s_out.connect(self.synapses.s_in)
        self.synapses.a_out.connect(self.ramp.a_in)
        self.ramp.s_out.connect(process.s_out)
