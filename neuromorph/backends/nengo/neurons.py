"""Our neurons as Nengo neuron types: ``J`` is the synaptic input of a step.

Spikes have an amplitude of payload / dt, as Nengo's have.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from nengo.dists import Choice
from nengo.neurons import NeuronType
from nengo.params import BoolParam
from numpy.typing import NDArray

from neuromorph.neurons import NeuronModel

Floats = NDArray[np.float64]


class _Neurons(NeuronType):
    """What our neurons share: they have no rate to choose gains by, so gain 1 and bias 0 suit."""

    spiking = True
    state: ClassVar[dict[str, Any]] = {"voltage": Choice([0])}

    def max_rates_intercepts(self, gain: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """Unknown, and nothing of ours asks."""
        return np.full_like(gain, np.nan), np.full_like(bias, np.nan)


class SteppedNeurons(_Neurons):
    """Neurons of one of our models: its float step, its words as Nengo's state.

    Parameters
    ----------
    model : NeuronModel
        With one port.
    """

    state: ClassVar[dict[str, Any]] = {}

    def __init__(self, model: NeuronModel) -> None:
        super().__init__()
        self.model = model

    def step(self, dt: float, J: Floats, output: Floats, **state: Floats) -> None:
        """One step, in place."""
        new, sent = self.model.step_float(state, {self.model.ports[0]: J}, 0)
        for word, values in new.items():
            state[word][...] = values
        output[...] = sent / dt


class Axons(_Neurons):
    """Neurons that pass on what they are given, or 1 for every spike, in the same step.

    Nengo lets weights learn behind neurons only, not behind a node.

    Parameters
    ----------
    graded : bool
        Whether payloads count.
    """

    state: ClassVar[dict[str, Any]] = {}
    graded = BoolParam("graded")

    def __init__(self, *, graded: bool) -> None:
        super().__init__()
        self.graded = graded

    def step(self, dt: float, J: Floats, output: Floats) -> None:
        """One step, in place."""
        output[...] = J if self.graded else (J != 0) / dt


def neuron_type(model: NeuronModel) -> NeuronType:
    """The Nengo neuron type of a model; Nengo wants the state's names of the class."""
    made: type[SteppedNeurons] = type(f"{model.kind}Neurons", (SteppedNeurons,), {
        "state": {word: Choice([0]) for word in model.words}})
    return made(model)
