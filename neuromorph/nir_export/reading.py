"""Read a NIR graph as a network of floats, where our neurons have its equations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import FileFormatError, UnsupportedError, UsageError
from neuromorph.files.opening import RegularFile
from neuromorph.network import CubaLIF, Network, Population, Projection, Readout, Source, verify
from neuromorph.neurons import NeuronModel
from neuromorph.nir_export.export import DT, require_nir
from neuromorph.numerics.limits import PAYLOAD_BITS
from neuromorph.shown import Shown

Floats = NDArray[np.float64]

BROKEN = (OSError, KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError,
          AssertionError)
"""What h5py and nir say of a file that holds no graph."""

SYNAPTIC = ("Linear", "Affine", "Delay")
NEURAL = ("LIF", "CubaLIF", "IF", "LI", "I")
ENDS = ("Input", "Output")
NEVER = 1e300
"""A threshold that no potential passes."""


@dataclass(frozen=True, eq=False, repr=False)
class ReadNir(Shown):
    """A network that was read, and what of the file it does not keep.

    Attributes
    ----------
    network : Network
        In the float domain; sources send payloads.
    outputs : tuple of str
        Populations that the graph's outputs are.
    lost : tuple of str
        A sentence each.
    """

    network: Network
    outputs: tuple[str, ...]
    lost: tuple[str, ...]


def read_nir(path: str | os.PathLike[str], *, dt: float | None = None) -> ReadNir:
    """Read a NIR file as a network of floats: what `export_nir` writes, and graphs like that.

    Forward Euler, with the current before the potential::

        du = dt/tau_syn      dv = dt/tau      bias = v_leak dv      weights times R dv (w_in du)

    Parameters
    ----------
    path : path
    dt : float, optional
        Length of a step in seconds; what the file says, or 1 ms.

    Raises
    ------
    MissingExtraError
        Without the package nir.
    FileFormatError
        If the file holds no NIR graph.
    UnsupportedError
        Naming the node that has no equations of ours, and why.
    """
    nir = require_nir()
    with RegularFile(path):
        pass  # a missing file, a folder, a pipe: each has its own error
    try:
        graph = nir.read(path)
    except BROKEN as error:
        raise FileFormatError("this is no NIR file", where=os.fspath(path),
                              found=f"{type(error).__name__}: {error}") from error
    return from_nir(graph, dt=dt)


def from_nir(graph: Any, *, dt: float | None = None) -> ReadNir:
    """The network of a ``nir.NIRGraph``; see `read_nir`."""
    said = getattr(graph, "metadata", None) or {}
    step = float(said.get("dt", DT)) if dt is None else float(dt)
    if not (np.isfinite(step) and step > 0):
        raise UsageError("a step needs a length", found=step, expected="seconds, more than 0")
    return _Reader(graph, step, str(said.get("network", "nir"))).read()


class _Reader:
    """Chains of nodes, each a projection or a population."""

    def __init__(self, graph: Any, dt: float, name: str) -> None:
        self.nodes, self.dt, self.name = dict(graph.nodes), dt, name
        self.into: dict[str, list[str]] = {n: [] for n in self.nodes}
        for a, b in graph.edges:
            self.into[b].append(a)
        self.lost: list[str] = []
        for n, node in self.nodes.items():
            if self.kind(n) not in (*SYNAPTIC, *NEURAL, *ENDS):
                self.refuse(n, f"a {type(node).__name__}")

    def refuse(self, name: str, found: str, hint: str = "") -> Any:
        """Name a node.

        Raises
        ------
        UnsupportedError
        """
        raise UnsupportedError("none of our neurons or synapses has the equations of this node",
                               where=f"{self.name}.{name}", found=found, hint=hint)

    def kind(self, name: str) -> str:
        """Name of a node's class."""
        return type(self.nodes[name]).__name__

    def read(self) -> ReadNir:
        """The network."""
        neurons = [n for n in self.nodes if self.kind(n) in NEURAL and not self.inner(n)]
        populations, projections = [], []
        for n in self.nodes:
            if self.kind(n) == "Input":
                size = int(np.prod(self.nodes[n].output_type["output"]))
                populations.append(Population(n, size, Source(PAYLOAD_BITS)))
        for n in neurons:
            model, scale, entries = self.neuron(n)
            populations.append(Population(n, len(scale), model))
            projections += [self.projection(entry, n, scale) for entry in entries]
        network = Network(self.name, "float", tuple(populations), tuple(projections))
        outputs = tuple(a for n in self.nodes if self.kind(n) == "Output" for a in self.into[n])
        return ReadNir(verify(network), outputs, tuple(dict.fromkeys(self.lost)))

    def after(self, name: str) -> list[str]:
        """Nodes that a node feeds."""
        return [n for n, before in self.into.items() if name in before]

    def inner(self, name: str) -> bool:
        """Whether it is the current of the neuron behind it, and no population of its own."""
        behind = self.after(name)
        return (self.kind(name) in ("LI", "I") and len(behind) == 1
                and (self.kind(behind[0]) in ("LIF", "IF") or self.is_bias(behind[0])))

    def is_bias(self, name: str) -> bool:
        """Whether an Affine only adds its bias to what goes on to a neuron."""
        node = self.nodes[name]
        return (self.kind(name) == "Affine"
                and all(self.kind(n) in NEURAL for n in self.after(name))
                and np.array_equal(node.weight, np.eye(len(node.bias))))

    # --- neurons

    def neuron(self, name: str) -> tuple[NeuronModel, Floats, list[str]]:
        """The model, by what a neuron's input is multiplied, and the nodes that feed it."""
        node, kind = self.nodes[name], self.kind(name)
        du, dv, scale, leak = self.membrane(name)
        bias = leak
        before = self.into[name]
        if len(before) == 1 and self.is_bias(before[0]):
            bias = bias + scale * np.asarray(self.nodes[before[0]].bias, np.float64)
            before = self.into[before[0]]
        if len(before) == 1 and self.inner(before[0]):
            inner, (_, faded, lifted, shifted) = before[0], self.membrane(before[0])
            if np.any(shifted):
                self.refuse(inner, "a current with a leak of its own")
            du, scale, before = self.alike(inner, "tau", faded), scale * lifted, self.into[inner]
        if kind in ("LI", "I"):
            if np.any(bias):
                self.refuse(name, "an integrator with a leak of its own")
            return Readout(dv=self.alike(name, "tau", dv), vth=NEVER), scale, before
        if np.any(np.asarray(getattr(node, "v_reset", 0.0))):
            self.refuse(name, "a reset to other than 0")
        return CubaLIF(du=du, dv=self.alike(name, "tau", dv),
                       vth=self.alike(name, "v_threshold", node.v_threshold),
                       bias_mant=self.alike(name, "v_leak", bias)), scale, before

    def membrane(self, name: str) -> tuple[float, Floats, Floats, Floats]:
        """du, dv, what the input is multiplied by, and what is added in every step."""
        node, kind = self.nodes[name], self.kind(name)
        r = np.asarray(node.r, np.float64).ravel()
        if kind in ("IF", "I"):
            return 1.0, np.zeros(len(r)), r * self.dt, np.zeros(len(r))
        tau = np.asarray(node.tau_mem if kind == "CubaLIF" else node.tau, np.float64).ravel()
        dv = self.dt / tau
        leak = np.asarray(node.v_leak, np.float64).ravel() * dv
        if kind != "CubaLIF":
            return 1.0, dv, r * dv, leak
        du = self.dt / np.asarray(node.tau_syn, np.float64).ravel()
        w_in = np.asarray(node.w_in, np.float64).ravel()
        return self.alike(name, "tau_syn", du), dv, r * dv * w_in * du, leak

    def alike(self, name: str, parameter: str, value: Any) -> float:
        """A parameter that all neurons have alike."""
        numbers = np.asarray(value, np.float64).ravel()
        if not np.allclose(numbers, numbers[0], rtol=1e-12, atol=0):
            shown = self.dt / numbers if parameter.startswith("tau") else numbers
            self.refuse(name, f"{parameter} from {shown.min():g} to {shown.max():g}",
                        "make a node of each value")
        return float(numbers[0])

    # --- synapses

    def projection(self, entry: str, post: str, scale: Floats) -> Projection:
        """A chain of Delay and Linear that ends in a neuron."""
        weights: Floats | None = None
        delay, at = 0.0, entry
        for at in self.chain(entry):
            node, kind = self.nodes[at], self.kind(at)
            if kind == "Delay":
                delay += self.alike(at, "delay", node.delay)
            elif kind == "Affine" and np.any(node.bias):
                self.refuse(at, "an Affine with a bias before other than a neuron")
            elif kind in ("Linear", "Affine"):
                matrix = np.asarray(node.weight, np.float64)
                weights = matrix if weights is None else weights @ matrix
        pre = self.into[at][0] if self.kind(at) in SYNAPTIC else at
        size = len(scale)
        weights = np.eye(size) if weights is None else weights
        name = entry.removesuffix("_weights") if entry not in (pre, post) else f"{pre}_{post}"
        return Projection(name, pre, post, scale[:, None] * weights,
                          delay=self.steps(entry, delay) - 1, graded=self.kind(pre) == "Input")

    def chain(self, entry: str) -> Iterator[str]:
        """Synaptic nodes from a neuron back to a population."""
        at = entry
        while self.kind(at) in SYNAPTIC:
            yield at
            before = self.into[at]
            if len(before) != 1:
                self.refuse(at, f"{len(before)} nodes before it", "give each a node of its own")
            at = before[0]

    def steps(self, name: str, delay: float) -> int:
        """A delay in steps; every synapse takes one."""
        steps = delay / self.dt
        if abs(steps - round(steps)) > 1e-6 * max(steps, 1):
            self.refuse(name, f"a delay of {steps:g} steps", "choose another dt")
        if round(steps) < 1:
            self.lost.append(f"{name} has no delay in NIR; here every synapse takes a step.")
        return max(round(steps), 1)
