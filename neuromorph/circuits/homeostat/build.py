"""From static weights and a rate to a network whose thresholds follow a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import TensorError, UsageError
from neuromorph.learning import LearningRule
from neuromorph.network import CubaLIF, Network, Population, Port, Projection
from neuromorph.numerics.held import held
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_MAX, WEIGHT_MAX
from neuromorph.shown import Shown

RULE = "2^0*u0*y2 - 2^0*u0*y1"
"""A bias gains one for each spike of the target, and loses one for each of its own."""

RATE_MAX = 0.5


@dataclass(frozen=True, eq=False, repr=False)
class Homeostat(Shown):
    """Static weights, and what rate their neurons keep.

    Attributes
    ----------
    weights : int array, shape (units, inputs)
        Even, of 8 bits.
    vth : int
        Threshold, in units of synaptic input.
    dv : int
        Decay of the potential, of 4096.
    bias_exponent : int
        What the bias's synapse is multiplied by, as a power of two.
    """

    weights: NDArray[np.int32]
    vth: int = 500
    dv: int = 256
    bias_exponent: int = 0

    def __post_init__(self) -> None:
        found = np.asarray(self.weights)
        if found.ndim != 2 or not found.size or not np.issubdtype(found.dtype, np.integer):
            raise TensorError("weights have the wrong shape or type", where="homeostat",
                              found=f"{found.dtype}, shape {found.shape}",
                              expected="whole numbers, (units, inputs), neither of them 0")
        most = int(np.abs(found.astype(np.int64)).max())
        if most > WEIGHT_MAX - 1 or (found % 2).any():
            raise TensorError("weights do not fit a synapse of both signs", where="homeostat",
                              found=most, expected=f"even, at most {WEIGHT_MAX - 1}")
        largest = int(np.abs(found.astype(np.int64)).sum(axis=1).max()) + (256 << 6)
        if largest > INPUT_MAX:
            raise UsageError("a neuron's input may wrap", where="homeostat", found=largest,
                             expected=f"at most {INPUT_MAX}", hint="fewer inputs")


def rule_of() -> LearningRule:
    """The rule of the biases: y1 are a neuron's own spikes, y2 the target's.

    ::

        dw = 2^0*u0*y2 - 2^0*u0*y1                       at the end of every step

    so that w[t] is the spikes that the target had more, until 8 bits end: itself the slow trace.
    Nothing is rounded, nothing drawn. Both are third factors, which Loihi 1 has none of.
    """
    return LearningRule(dw=RULE, epoch=1)


def build(homeostat: Homeostat, *, plastic: bool = True) -> Network:
    """Stock neurons that are driven by spikes, each with a plastic bias.

    ::

        input --(weights)--> unit <--(bias: plastic, dw = y2 - y1)-- one
                             unit --> y1 of bias,  target --> y2 of bias

    ``one`` spikes in every step, and ``target`` at the rate that the neurons shall have. A neuron
    that fires more rarely is lifted, a step of the bias at a time.

    Parameters
    ----------
    homeostat : Homeostat
    plastic : bool
        Whether biases learn; they stay 0 if not.
    """
    units, inputs = homeostat.weights.shape
    ports = tuple(Port(name, name, size, 0, 0, 1, None, what) for name, size, what in (
        ("input", inputs, "spikes"), ("one", 1, "a spike in every step"),
        ("target", units, "spikes at the rate that is wanted")))
    unit = Population("unit", units, CubaLIF(du=DECAY_UNITY, dv=homeostat.dv, vth=homeostat.vth))
    bias = Projection("bias", "one", "unit", np.zeros((units, 1), np.int32),
                      exponent=homeostat.bias_exponent, rule=rule_of() if plastic else None,
                      modulators=("unit", "target", None) if plastic else (None, None, None))
    drive = Projection("drive", "input", "unit", held(np.asarray(homeostat.weights, np.int32)))
    return Network("homeostat", "fixed", (*(port.source for port in ports), unit), (drive, bias),
                   None, (), ports, (Port.of(unit, None, "spikes"),))


def target_train(rate: float, steps: int) -> NDArray[np.int64]:
    """Evenly spread spikes at a rate, shape (steps, 1): for each neuron the same.

    Raises
    ------
    UsageError
        If traces would not hold it.
    """
    if not 0 < rate <= RATE_MAX:
        raise UsageError("no such rate", where="homeostat", found=rate,
                         expected=f"more than 0, at most {RATE_MAX}")
    at = np.floor(np.arange(steps + 1) * rate).astype(np.int64)
    train: NDArray[Any] = np.diff(at)[:, None]
    return train
