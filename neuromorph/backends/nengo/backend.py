"""Float networks in Nengo: neuron types, axons and a learning rule of our own semantics."""

from __future__ import annotations

from typing import ClassVar

from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording
from neuromorph.backends.nengo.extra import require
from neuromorph.network import Network, Probe

TOLERANCE = 1e-9
"""Within this, relative to the largest value of a trace, states equal the reference's."""


class NengoBackend(Backend):
    """A nengo.Network in Nengo's simulator; one step of a network is one dt of 1.

    Neuron models with one port are neuron types, a source is a node, a delay a synapse,
    and a projection that learns a connection with a learning rule of the same step functions as
    everywhere. What may differ from the reference is the order of additions, which is Nengo's:
    states, weights and tags agree to `TOLERANCE`, and spikes are the same as long as no
    potential comes that close to its threshold. In the networks of the tests they agree to the
    bit.
    """

    name: ClassVar[str] = "nengo"
    evidence: ClassVar[Evidence] = "emulator"

    def why_not(self, network: Network) -> str | None:
        """Nengo computes in floats."""
        if network.domain == "fixed":
            return "it runs floats only; integers run on fast, reference, lava and loihi_emulator"
        several = [p.name for p in network.populations if len(p.model.ports) > 1]
        if several:
            return f"{several[0]}: Nengo's neurons have one input, not a port of each kind"
        return None

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        require("nengo")
        from neuromorph.backends.nengo.run import run_network

        traces, synapses = run_network(network, inputs, probes, steps)
        return Recording(self.name, self.evidence, steps, traces, synapses)
