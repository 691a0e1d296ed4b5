"""Loihi 1 by nengo-loihi: its blocks, its limits, its allocator, its emulator in integers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording
from neuromorph.backends.loihi_emulator.supported import reasons_against, reasons_against_neurons
from neuromorph.backends.nengo.extra import require
from neuromorph.circuits.plain_spikes import in_plain_spikes
from neuromorph.errors import FitError
from neuromorph.network import Network, Probe
from neuromorph.network.model import Domain


class LoihiEmulatorBackend(Backend):
    """nengo-loihi's emulator of Loihi 1, for static networks of LIF neurons.

    Graded sources are lowered to plain spikes, which changes no sum. Integers go in unchanged:
    nengo-loihi's split, validation and allocator work on them, its scaling is left out.
    Spikes, potentials and currents equal the reference's to the bit in
    every run that ends. Decay, threshold (v > vth), reset, saturation of v, weight exponents
    from 0 up and the one step of a synapse are the same arithmetic. What is not:

    - synaptic input has 22 bits there (a sum beyond -32768..32767 wraps), 64 with us;
    - u plus bias has 24 bits there and wraps, where our v saturates;
    - u holds -2^23 there and 2^23 with us, where both wrap;
    - a negative exponent shifts each weight there, the sum with us.

    The last is refused before the run, unless no weight loses a bit. At any overflow of the
    others, also of u alone, the run stops with a `BackendError`.

    Parameters
    ----------
    chips : int
        How many chips of 128 cores the allocator may use; one population takes at least a core.
    """

    name: ClassVar[str] = "loihi_emulator"
    summary: ClassVar[str] = "nengo-loihi's emulator of Loihi 1, under its own allocator"
    evidence: ClassVar[Evidence] = "emulator"
    needs: ClassVar[str] = "nengo_loihi"
    extra: ClassVar[str] = "nengo"
    domains: ClassVar[tuple[Domain, ...]] = ("fixed",)
    cannot: ClassVar[str] = ("programmable neurons, plasticity, delays, payloads beyond what plain "
                             "spikes can spell")

    def __init__(self, *, chips: int = 1) -> None:
        self.chips = chips

    def _reasons(self, network: Network) -> Iterable[str]:
        """Why the emulator cannot hold the network exactly."""
        try:
            plain, _ = in_plain_spikes(network)
        except FitError as error:
            return [str(error), *reasons_against_neurons(network)]
        return reasons_against(plain)

    def _run(
        self, network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int
    ) -> Recording:
        require(self.needs)
        from neuromorph.backends.loihi_emulator.run import run_emulator

        plain, view = in_plain_spikes(network)
        trains, asked = view.encode(inputs), view.probes(probes)
        traces = {p: np.array(trains[p.target], np.int64) for p in asked if p.target in trains}
        traces |= run_emulator(plain, trains, tuple(p for p in asked if p.target not in trains),
                               steps, self.chips)
        return view.read(Recording(self.name, self.evidence, steps, traces))
