"""The default backend: closed forms for known motifs, compiled integers for the rest."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording
from neuromorph.network import Network, Probe


class FastBackend(Backend):
    """Numba, integers, event-driven; equal to `reference` to the bit."""

    name: ClassVar[str] = "fast"
    evidence: ClassVar[Evidence] = "bit-exact model"

    def why_not(self, network: Network) -> str | None:
        """Float networks run on `reference`: their sums would depend on the order."""
        if network.domain == "float":
            return "it runs integers only; use the reference backend for float networks"
        return None

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        from neuromorph.backends.fast.engine import clock, flatten
        from neuromorph.backends.fast.learning_tables import flatten_plasticity
        from neuromorph.backends.fast.tape import Tape

        flat = flatten(network)
        learning = flatten_plasticity(network, flat.first, steps)
        tape = Tape(network, flat, probes, steps)
        tape.load(inputs)
        tags = np.zeros(len(flat.weights) if network.plastic else 0, np.int32)
        size = len(flat.own)
        state, arrived = (np.zeros((size, n), np.int64) for n in (flat.words, flat.ports))
        clock()(flat.own, state, arrived, flat.spans, flat.wiring, flat.weights, tags,
                learning.rules, learning.dice, learning.traces, tape.spikes, tape.watched,
                tape.states, tape.kept, tape.weights, tape.tags)
        return Recording(self.name, self.evidence, steps, {p: tape.trace(p) for p in probes},
                         tape.synapses(flat.weights, tags))
