"""The Process of an astrocyte."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from neuromorph.errors import UsageError


class Astrocyte(AbstractProcess):
    """An astrocyte's process over a bundle of synapses: it divides what passes by its calcium.

    ::

        c[t] = trunc(c[t-1] * (4096 - dv) / 4096) + a_in[last]    # c[t-1] * (1 - dv) + … in floats
        s_out[i] = trunc(a_in[i] * 2^gain_bits / c[t]) where c > 0
        s_out[last] = 0

    The last unit is the calcium. In floats nothing is shifted. Connect it to a `Dense` with
    ``num_message_bits`` > 0.

    Parameters
    ----------
    shape : tuple of int
        Units, with the calcium as the last: ``(units + 1,)``.
    dv : int or float, optional
        Decay of the calcium, 0 to 4096 (fixed) or 0 to 1 (float).
    gain_bits : int, optional
        Fraction bits of the output.
    calcium : int or float, optional
        Calcium at the start.

    Attributes
    ----------
    a_in, s_out : InPort, OutPort
        Synaptic input, and graded spikes of 24 bits.

    Source: Kozachkov, Kastanenka and Krotov, PNAS 2023 (divisive presynaptic gain).

    Examples
    --------
    >>> astrocyte = Astrocyte(shape=(65,), dv=4096, gain_bits=8)  # 64 values and a normaliser
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        dv: float = 4096,
        gain_bits: int = 8,
        calcium: float = 0,
        **settings: Any,
    ) -> None:
        super().__init__(shape=shape, dv=dv, gain_bits=gain_bits, **settings)
        if len(shape) != 1 or shape[0] < 2:
            raise UsageError("an astrocyte needs its calcium and a unit besides",
                             where="Astrocyte", found=shape, expected="(units + 1,)")
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.calcium = Var(shape=(1,), init=calcium)
        self.dv = Var(shape=(1,), init=dv)
        self.gain_bits = Var(shape=(1,), init=gain_bits)
