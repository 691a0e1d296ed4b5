"""Float networks in Nengo: neuron types, axons and a learning rule of our own semantics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording
from neuromorph.backends.nengo.extra import require
from neuromorph.network import Network, Probe
from neuromorph.network.model import Domain


class NengoBackend(Backend):
    """A nengo.Network in Nengo's simulator; one step of a network is one dt of 1.

    Neuron models with one port are neuron types, a source is a node, a delay a synapse,
    and a projection that learns a connection with a learning rule of the same step functions as
    everywhere. What may differ from the reference is the order of additions, which is Nengo's:
    states, weights and tags agree to `tolerance`, and spikes are the same as long as no
    potential comes that close to its threshold. In the networks of the tests they agree to the
    bit.
    """

    name: ClassVar[str] = "nengo"
    summary: ClassVar[str] = "Nengo's own simulator, in floats; plasticity too"
    evidence: ClassVar[Evidence] = "emulator"
    needs: ClassVar[str] = "nengo"
    extra: ClassVar[str] = "nengo"
    domains: ClassVar[tuple[Domain, ...]] = ("float",)
    cannot: ClassVar[str] = "neurons with more than one input port"
    tolerance: ClassVar[float] = 1e-9

    def _reasons(self, network: Network) -> Iterable[str]:
        return [f"{p.name}: Nengo's neurons have one input, not a port of each kind"
                for p in network.populations if len(p.model.ports) > 1]

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        require(self.needs)
        from neuromorph.backends.nengo.run import run_network

        traces, synapses = run_network(network, inputs, probes, steps)
        return Recording(self.name, self.evidence, steps, traces, synapses)
