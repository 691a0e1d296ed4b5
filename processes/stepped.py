"""Processes that are a neuron model and nothing else: its parameters, words, ports and step."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from neuromorph.neurons.contract import NeuronModel
from neuromorph.processes.by_neuron import var_of


class Stepped(AbstractProcess):
    """Base of a neuron model's Process: ports, words and parameters are named as the model's.

    Parameters
    ----------
    shape : tuple of int
        Number and topology of neurons.
    **settings
        Parameters of the model, numbers or arrays of one number a neuron; its defaults hold.
    """

    neuron: ClassVar[type[NeuronModel]]

    def __init__(self, *, shape: tuple[int, ...], **settings: Any) -> None:
        super().__init__(shape=shape, **settings)
        own = {field.name for field in fields(self.neuron)}
        model = self.neuron(**{name: settings[name] for name in settings.keys() & own})
        for port in model.ports:
            setattr(self, port, InPort(shape=shape))
        self.s_out = OutPort(shape=shape)
        for word in model.words:
            setattr(self, word, Var(shape=shape, init=0))
        for name, value in model.parameters().items():
            setattr(self, name, var_of(value))


class SteppedModel(PyLoihiProcessModel):
    """Base of how a Process with a model's names runs: one step, in ``int32`` or ``float``."""

    neuron: ClassVar[type[NeuronModel]]
    number: ClassVar[type]

    def __init_subclass__(cls, **settings: Any) -> None:
        """Give the class a type for each name of its neuron model."""
        super().__init_subclass__(**settings)
        if not hasattr(cls, "neuron"):
            return
        form = {"precision": 24} if cls.number is np.int32 else {}
        for port in cls.neuron.ports:
            setattr(cls, port, LavaPyType(PyInPort.VEC_DENSE, cls.number, **form))
        cls.s_out = LavaPyType(PyOutPort.VEC_DENSE, cls.number, **form)
        for name in (*cls.neuron.words, *(field.name for field in fields(cls.neuron))):
            setattr(cls, name, LavaPyType(np.ndarray, cls.number, **form))

    def run_spk(self) -> None:
        """One step."""
        model = self.neuron(**{field.name: _parameter(getattr(self, field.name))
                               for field in fields(self.neuron)})
        step, wide = ((model.step_fixed, np.int64) if self.number is np.int32 else
                      (model.step_float, np.float64))
        arrived = {port: getattr(self, port).recv().astype(wide) for port in model.ports}
        before = {word: getattr(self, word).astype(wide) for word in model.words}
        state, sent = step(before, arrived, self.time_step - 1)
        for word, values in state.items():
            getattr(self, word)[:] = values
        self.s_out.send(sent)


class FixedModel(SteppedModel):
    """In integers."""

    number = np.int32


class FloatModel(SteppedModel):
    """In floats."""

    number = float


def _parameter(value: Any) -> Any:
    """A number that all neurons have, or the array of theirs."""
    return value.item() if value.size == 1 else value
