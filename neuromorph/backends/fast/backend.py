"""The default backend: closed forms for known motifs, compiled integers for the rest."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

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

        flat = flatten(network)
        size = len(flat.neurons)
        kept = {probe.variable for probe in probes}
        spikes = np.zeros((steps, size), np.int64)
        potentials = np.zeros((steps if "v" in kept else 0, size), np.int64)
        currents = np.zeros((steps if "u" in kept else 0, size), np.int64)
        for name, train in inputs.items():
            first = flat.first[name]
            spikes[:, first : first + train.shape[1]] = train
        clock(flat.neurons, flat.wiring, flat.weights, spikes, potentials, currents,
              "v" in kept, "u" in kept)
        whole = {"spikes": spikes, "v": potentials, "u": currents}
        traces: dict[Probe, NDArray[np.int64]] = {}
        for probe in probes:
            first = flat.first[probe.population]
            width = network.population(probe.population).size
            traces[probe] = whole[probe.variable][:, first : first + width].copy()
        return Recording(self.name, self.evidence, steps, traces)
