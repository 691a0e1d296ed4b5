"""A NIR graph run by forward Euler, from NIR's equations alone; no simulator is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Trains = dict[str, NDArray[np.float64]]


class NirMachine:
    """dx/dt = f(x) as x' = x + dt f(x), each node after those that feed it.

    Attributes
    ----------
    current, potential : dict of node name to array
        States; an LI or I node has a potential only.
    """

    def __init__(self, graph: Any, dt: float) -> None:
        self.graph, self.dt = graph, dt
        self.current = {name: np.zeros(node.input_type["input"])
                        for name, node in graph.nodes.items()}
        self.potential = {name: x.copy() for name, x in self.current.items()}

    def run(self, inputs: Trains, steps: int) -> tuple[Trains, Trains]:
        """What every node gives, and its potential, shape (steps, size)."""
        shapes = {name: (steps, *node.output_type["output"])
                  for name, node in self.graph.nodes.items()}
        given = {name: np.zeros(shape) for name, shape in shapes.items()}
        potentials = {name: np.zeros((steps, *x.shape)) for name, x in self.potential.items()}
        for t in range(steps):
            done: set[str] = set()
            for name in self.graph.nodes:
                self._advance(name, t, given, inputs, done)
            for name, v in self.potential.items():
                potentials[name][t] = v
        return given, potentials

    def _advance(self, name: str, t: int, given: Trains, inputs: Trains, done: set[str]) -> None:
        if name in done:
            return
        done.add(name)
        node = self.graph.nodes[name]
        before = [a for a, b in self.graph.edges if b == name]
        kind = type(node).__name__
        if kind == "Input":
            given[name][t] = inputs.get(name, np.zeros_like(given[name]))[t]
        elif kind == "Delay":
            given[name][t] = self._delayed(node, t, [given[a] for a in before])
        else:
            for a in before:
                self._advance(a, t, given, inputs, done)
            x = sum((given[a][t] for a in before), np.zeros(node.input_type["input"]))
            given[name][t] = self._step(kind, name, node, x)

    def _delayed(self, node: Any, t: int, trains: list[NDArray[np.float64]]) -> Any:
        back = np.round(node.delay / self.dt).astype(int)
        assert (back >= 1).all(), "a delay within the step has no order"
        return sum(np.where(t >= back, train[t - back, np.arange(len(back))], 0)
                   for train in trains)

    def _step(self, kind: str, name: str, node: Any, x: NDArray[np.float64]) -> Any:
        dt = self.dt
        if kind in ("Linear", "Affine"):
            return node.weight @ x + getattr(node, "bias", 0)
        if kind == "Output":
            return x
        v = self.potential[name]
        if kind == "CubaLIF":
            i = self.current[name]
            x = self.current[name] = i + dt / node.tau_syn * (node.w_in * x - i)
            v = v + dt / node.tau_mem * (node.v_leak - v + node.r * x)
        elif kind in ("LIF", "LI"):
            v = v + dt / node.tau * (node.v_leak - v + node.r * x)
        elif kind in ("IF", "I"):
            v = v + dt * node.r * x
        else:
            raise AssertionError(kind)
        spikes = v > node.v_threshold if kind.endswith("IF") else np.zeros(len(v), bool)
        self.potential[name] = np.where(spikes, node.v_reset, v) if spikes.any() else v
        return spikes.astype(float) if kind.endswith("IF") else self.potential[name]
