"""The Process of twice what arrives."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var


class Doubled(AbstractProcess):
    """s_out[t] = 2 times a_in[t]."""

    def __init__(self, *, shape: tuple[int, ...], times: int = 1, **settings: Any) -> None:
        super().__init__(shape=shape, times=times, **settings)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.times = Var(shape=(1,), init=times)
