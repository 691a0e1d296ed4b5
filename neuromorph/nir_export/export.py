"""Write a network's static part as a NIR graph."""

from __future__ import annotations

import io
import math
import os
from itertools import pairwise
from typing import Any

import numpy as np

from neuromorph.errors import MissingExtraError, UnsupportedError, UsageError
from neuromorph.files.atomic import write_file
from neuromorph.network import Network, Projection, verify
from neuromorph.nir_export.losses import lost_in_nir, why_not_nir
from neuromorph.nir_export.neurons import neuron_nodes
from neuromorph.nir_export.roles import (
    gives_potential,
    inputs,
    neurons,
    outputs,
    undriven,
)

DT = 1e-3
"""Seconds that a step is taken for, unless told otherwise; our steps have no length."""


def export_nir(
    network: Network, path: str | os.PathLike[str], *, dt: float = DT, force: bool = False
) -> tuple[str, ...]:
    """Write a network as a NIR file (HDF5) and tell what the file does not hold.

    Forward Euler, with the current before the potential, makes NIR's equations ours::

        NIR     tau_syn dI/dt = -I + w_in S         tau_mem dv/dt = v_leak - v + R I
        Euler   I' = I (1 - dt/tau_syn) + dt/tau_syn w_in S
                v' = v (1 - dt/tau_mem) + dt/tau_mem (v_leak + R I')
        ours    u' = u (1 - du) + a_in              v' = v (1 - dv) + u' + bias
        so      tau_syn = dt/du    w_in = 1/du      tau_mem = dt/dv    R = 1/dv
                v_leak = bias/dv   v_threshold = vth   v_reset = 0, both spike where v > vth

    A population of neurons becomes, by its decays (du = 1 for a readout):

    ==========  ===================  ====================================================
    du          dv > 0               dv = 0
    ==========  ===================  ====================================================
    1           LIF, tau = dt/dv     IF, R = 1/dt
    0 < du < 1  CubaLIF              LI (tau = dt/du, R = 1/du), then IF
    0           I (R = 1/dt), LIF    I (R = 1/dt), IF
    ==========  ===================  ====================================================

    A bias without leak is an Affine before the IF; a readout that sends no spikes is an LI or I
    instead of LIF or IF. A projection is a Delay of ``(1 + delay) dt`` and a Linear of
    ``weights 2^exponent``. Integers come to the scale of the synaptic input: ``du/4096``,
    ``dv/4096``, ``vth``, ``bias/64``.

    Parameters
    ----------
    network : Network
        CubaLIF and Readout neurons, of either domain.
    path : path
        Written whole or not at all.
    dt : float
        Length of a step in seconds.
    force : bool
        Replace a file that is there.

    Returns
    -------
    tuple of str
        What is lost or assumed, one sentence each; the file's metadata hold them too.

    Raises
    ------
    MissingExtraError
        If nir is not installed.
    UnsupportedError
        If NIR has no equations for a part of the network.
    NetworkError, UsageError, OutputExistsError, WriteError
    """
    graph = to_nir(network, dt=dt)
    held = io.BytesIO()
    require_nir().write(held, graph)
    write_file(path, held.getvalue(), force=force)
    return lost_in_nir(network, dt)


def to_nir(network: Network, *, dt: float = DT) -> Any:
    """The ``nir.NIRGraph`` that `export_nir` writes; same arguments, same errors."""
    if not (math.isfinite(dt) and dt > 0):
        raise UsageError("a step needs a length", found=dt, expected="seconds, more than 0")
    reason = why_not_nir(verify(network))
    if reason:
        raise UnsupportedError("NIR cannot hold this network", where=network.name, found=reason)
    graph = _Graph(require_nir(), network, dt)
    told = {"network": network.name, "domain": network.domain, "dt": dt,
            "lost": "\n".join(lost_in_nir(network, dt))}
    return graph.nir.NIRGraph(graph.nodes, graph.edges, metadata=told)


class _Graph:
    """Nodes and edges, put together in the order of the network."""

    def __init__(self, nir: Any, network: Network, dt: float) -> None:
        self.nir, self.network, self.dt = nir, network, dt
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        for p in inputs(network):
            self.add(p.name, nir.Input(np.array([p.size])))
        entries = {p.name: self.add_chain(neuron_nodes(
            nir, p, network.domain, dt=dt, spiking=not gives_potential(network, p)))
            for p in neurons(network)}
        for p in undriven(network):
            self.add_chain({f"{p.name}_input": nir.Input(np.array([p.size]))}, entries[p.name])
        for projection in network.projections:
            self.add_projection(projection, entries[projection.post])
        for p in outputs(network):
            self.add(f"{p.name}_output", nir.Output(np.array([p.size])))
            self.edges.append((p.name, f"{p.name}_output"))

    def add(self, name: str, node: Any) -> None:
        if name in self.nodes:
            raise UnsupportedError("two nodes of the NIR graph would have one name",
                                   where=self.network.name, found=name,
                                   hint="rename the population or projection")
        self.nodes[name] = node

    def add_chain(self, chain: dict[str, Any], to: str | None = None) -> str:
        """Add nodes one behind the other, and ``to`` behind the last; the first one's name."""
        for name, node in chain.items():
            self.add(name, node)
        names = [*chain, to] if to else [*chain]
        self.edges += pairwise(names)
        return names[0]

    def add_projection(self, projection: Projection, post: str) -> None:
        weights = np.ldexp(projection.weights.astype(np.float64), projection.exponent)
        delay = np.full(weights.shape[1], (1 + projection.delay) * self.dt)
        first = self.add_chain({f"{projection.name}_delay": self.nir.Delay(delay),
                                f"{projection.name}_weights": self.nir.Linear(weights)}, post)
        self.edges.append((projection.pre, first))


def require_nir() -> Any:
    """The module.

    Raises
    ------
    MissingExtraError
    """
    try:
        import nir
    except ImportError as error:
        raise MissingExtraError("a NIR file needs nir", found=str(error),
                                hint="run: pip install 'neuromorph[nir]'") from error
    return nir
