"""Channels whose gain and threshold follow what they say: a population of `Homeostatic` neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import RangeProofError, TensorError
from neuromorph.network import Network, Population, Port, Projection
from neuromorph.neurons.homeostatic import ADAPT, Homeostatic
from neuromorph.numerics.held import identity, ones
from neuromorph.numerics.limits import STATE_MAX
from neuromorph.shown import Shown

WHERE = "homeostatic channels"

FRACTION = 10
"""Bits of a trace after the point, where they have room."""

GO_BITS = 3
"""A payload of 1 or 2, with its sign."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Channels(Shown):
    """What a layer's channels keep.

    Attributes
    ----------
    mean : int array, shape (channels,)
        Of codes on calibration data.
    spread : int array, shape (channels,)
        Mean distance from it, in units of 2^-10.
    code_limit : int
        Largest magnitude of a code that is sent to them.
    limit : int
        Largest magnitude of what they send.
    trace : int
        Their slow means are over about 2^trace codes.
    """

    mean: Ints
    spread: Ints
    code_limit: int
    limit: int
    trace: int = 8

    @classmethod
    def of(cls, codes: NDArray[Any], code_limit: int, trace: int = 8) -> Channels:
        """What channels (rows, channels) of calibration data show; they may say 8 times as much.

        Raises
        ------
        TensorError
            If they are no codes, or beyond the limit.
        RangeProofError
            If a trace of such codes does not fit 24 bits.
        """
        wrong = codes.ndim != 2 or not codes.size or codes.dtype.kind not in "iu"
        if wrong or int(np.abs(codes.astype(np.int64)).max()) > code_limit:
            raise TensorError("these are no codes of channels", where=WHERE,
                              found=f"{codes.dtype}, shape {codes.shape}",
                              expected=f"whole numbers up to {code_limit}, (rows, channels)")
        limit = 8 * code_limit - 1
        most = (limit + code_limit) << FRACTION
        if most > STATE_MAX:
            raise RangeProofError("a trace would leave its 24 bits", where=WHERE,
                                  found=f"codes up to {code_limit}",
                                  expected=f"at most {(STATE_MAX >> FRACTION) // 9}",
                                  hint="codes of fewer bits")
        mean = np.rint(codes.mean(axis=0)).astype(np.int64)
        spread = (np.abs(codes - mean).sum(axis=0) << FRACTION) // len(codes)
        return cls(mean, spread, code_limit, limit, trace)

    @property
    def model(self) -> Homeostatic:
        """The neurons."""
        return Homeostatic(self.mean, self.spread, self.trace, FRACTION, self.limit)


def build_channels(channels: Channels) -> Network:
    """A population behind a layer: it says what the layer says, times a gain, plus a threshold.

    ::

        code --(1)--> channel <--(1)-- go          a code and its go in one step

    Programmable neurons; nothing is plastic: what adapts is the neurons' own state, four words.

    Parameters
    ----------
    channels : Channels
    """
    size, most = len(channels.mean), channels.code_limit
    code = Port("code", "code", size, most.bit_length() + 1, -most, most, None,
                "what a layer's channels say")
    go = Port("go", "go", 1, GO_BITS, 0, ADAPT, None,
              "1 with a code that is to be passed on, 2 where channels adapt as well")
    channel = Population("channel", size, channels.model)
    return Network("channels", "fixed", (code.source, go.source, channel), (
        Projection("say", "code", "channel", identity(size, 1), graded=True, port="a"),
        Projection("ask", "go", "channel", ones(size, 1), graded=True, port="go"),
    ), None, (), (code, go), (Port.of(channel, None, "the same, with its mean and its spread"),))


def channel_trains(codes: NDArray[Any], every: int) -> tuple[dict[str, Ints], int]:
    """Codes (rows, channels), a row a step; channels adapt with each ``every``-th of them.

    Channels speak a step after their row.
    """
    rows = np.asarray(codes, np.int64)
    go = np.ones((len(rows) + 1, 1), np.int64)
    go[every - 1 :: every] = ADAPT
    go[-1] = 0
    return {"code": np.concatenate([rows, 0 * rows[:1]]), "go": go}, len(go)


def followed(channels: Channels, codes: NDArray[Any], every: int) -> Ints:
    """What the circuit says of codes, shape (rows, channels), by the neurons' equation alone."""
    model, size = channels.model, codes.shape[1]
    state = {word: np.zeros(size, np.int64) for word in model.words}
    said = np.zeros(codes.shape, np.int64)
    for n, row in enumerate(np.asarray(codes, np.int64)):
        go = np.full(size, ADAPT if n % every == every - 1 else 1)
        state, said[n] = model.step_fixed(state, {"a": row, "go": go}, n)
    return said
