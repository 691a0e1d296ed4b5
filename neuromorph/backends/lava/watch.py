"""A mixin for Lava's ProcessModels: it records, checks, and reports errors at once.

Lava alone loses an exception inside a model: the other models wait for ever. And it gives
recorded data back one element at a time, 16 to 35 microseconds each. So each model of a
run becomes a subclass that writes its trace into shared memory as it goes, and on an error
tells the supervisor and ends the whole process group.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, ClassVar

import numpy as np
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.run_configs import Loihi2SimCfg
from numpy.typing import NDArray

from neuromorph.parallel.failure import encode
from neuromorph.shown import Shown


@dataclass(repr=False)
class Watch(Shown):
    """What to watch in one run, by the id of the Lava Process.

    Attributes
    ----------
    errors : file
        Where errors go.
    names : dict
        The population or projection that a Process stands for.
    taps : dict
        Variable name ("spikes", "u", "v", "weights", "tags") to the array to fill, by step.
    learned : dict
        Two arrays for the weights and tags that a learning Process ends with.
    limits : dict
        Largest magnitude of synaptic input that the stock model computes exactly.
    """

    errors: IO[bytes]
    names: dict[int, str] = field(default_factory=dict)
    taps: dict[int, dict[str, NDArray[Any]]] = field(default_factory=dict)
    learned: dict[int, tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=dict)
    limits: dict[int, int] = field(default_factory=dict)

    def report(self, error: BaseException, process: int | None = None) -> None:
        """Write an error down and end this process group."""
        name = None if process is None else self.names.get(process)
        try:
            os.write(self.errors.fileno(), encode(error, name))
        finally:
            os.killpg(0, signal.SIGKILL)


SYNAPSES = {"weights": "weights", "tags": "tag_1"}
"""Our names of synaptic variables, and Lava's; words of a neuron's state have one name."""


class TappedPort:
    """An out port that also writes what it sends into an array, one row a step."""

    def __init__(self, port: Any, rows: NDArray[Any]) -> None:
        self.port, self.rows, self.step = port, rows, 0

    def send(self, data: NDArray[Any]) -> None:
        """Record and send."""
        self.rows[self.step] = data
        self.step += 1
        self.port.send(data)


class LimitedPort:
    """An in port that refuses input beyond what its model computes exactly."""

    def __init__(self, port: Any, limit: int) -> None:
        self.port, self.limit = port, limit

    def recv(self) -> NDArray[Any]:
        """Receive and check."""
        data: NDArray[Any] = self.port.recv()
        largest = int(np.abs(data).max())
        if largest > self.limit:
            raise OverflowError(f"synaptic input of {largest} at once: stock LIF wraps its "
                                f"current once only, and is exact up to {self.limit}")
        return data


class WatchedModel(PyLoihiProcessModel):
    """Stands before a ProcessModel among the bases of its watched subclass."""

    watch: ClassVar[Watch]
    a_in: Any
    s_out: Any

    def start(self) -> None:
        """Attach to the ports, then run until Lava says stop."""
        with self._reported():
            taps = self.watch.taps.get(self.model_id, {})
            self._states = [(name, rows) for name, rows in taps.items()
                            if name != "spikes" and name not in SYNAPSES]
            self._synapses = [(SYNAPSES[name], taps[name]) for name in SYNAPSES if name in taps]
            self._note_synapses(0)
            if "spikes" in taps:
                self.s_out = TappedPort(self.s_out, taps["spikes"])
            if self.model_id in self.watch.limits:
                self.a_in = LimitedPort(self.a_in, self.watch.limits[self.model_id])
            super().start()

    def run_spk(self) -> None:
        """One step of the model, and its states at the end of it."""
        with self._reported():
            super().run_spk()
            for name, rows in self._states:
                rows[self.time_step - 1] = getattr(self, name)

    def run_lrn(self) -> None:
        """The learning phase at the end of an epoch, and what it left in the synapses."""
        with self._reported():
            super().run_lrn()
            self._note_synapses(self.time_step - 1)

    def _note_synapses(self, row: int) -> None:
        """What the synapses hold now they hold for ever, as far as anyone knows."""
        for name, rows in self._synapses:
            rows[row : row + self._epoch] = getattr(self, name)
        for name, final in zip(SYNAPSES.values(), self.watch.learned.get(self.model_id, ()),
                               strict=False):
            final[:] = getattr(self, name)

    @property
    def _epoch(self) -> int:
        """Steps until the synapses can change again."""
        return int(self._learning_rule.t_epoch)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.watch.report(error, self.model_id)
            raise


class WatchedRun(Loihi2SimCfg):
    """Lava's run configuration, except that every model it selects is watched."""

    def __init__(self, domain: str, watch: Watch) -> None:
        super().__init__(select_tag="fixed_pt" if domain == "fixed" else "floating_pt")
        self.watch = watch
        self.watched: dict[type, type] = {}

    def select(self, process: Any, models: list[type]) -> type:
        """The model Lava would take, with a watch on it."""
        model: type = super().select(process, models)
        if model not in self.watched:
            bases = (WatchedModel, model)
            self.watched[model] = type(f"Watched{model.__name__}", bases, {"watch": self.watch})
        return self.watched[model]
