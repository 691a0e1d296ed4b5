"""One run in nengo-loihi's emulator, which stops at the first overflow."""

from __future__ import annotations

from typing import Any

import numpy as np
from nengo_loihi.emulator import EmulatorInterface
from nengo_loihi.probe import LoihiProbe
from numpy.typing import NDArray

from neuromorph.backends.interface import Inputs
from neuromorph.backends.loihi_emulator.failures import told_by_nengo_loihi
from neuromorph.backends.loihi_emulator.model import Lowered
from neuromorph.errors import BackendError
from neuromorph.network import Network, Probe
from neuromorph.numerics.limits import STATE_MODULUS

STATES = {"spikes": "spiked", "v": "voltage", "u": "current"}

OVERFLOW = ("make weights or bias smaller, or run it on fast (q0 is the synaptic input, 22 bits, "
            "64 to a unit; current is u and u2 is u with its bias, 24 bits each)")


class StrictEmulator(EmulatorInterface):
    """The emulator, for which an overflow is an error and not a warning."""

    strict = True


def run_emulator(
    network: Network, inputs: Inputs, probes: tuple[Probe, ...], steps: int, chips: int
) -> dict[Probe, NDArray[np.int64]]:
    """Traces of probes on neurons, each of shape (steps, size).

    Raises
    ------
    BackendError
        If nengo-loihi cannot hold, place or run the network.
    """
    lowered = Lowered(network)
    recorders = {p: LoihiProbe(target=lowered.blocks[p.target], key=STATES[p.variable])
                 for p in probes}
    for recorder in recorders.values():
        lowered.model.add_probe(recorder)
    for name, train in inputs.items():
        _send(lowered.inputs[name], np.asarray(train))
    lowered.finish()
    lowered.place(chips)
    emulator = _emulate(lowered, steps)
    return {probe: emulator.collect_probe_output(recorder).astype(np.int64)
            for probe, recorder in recorders.items()}


def _send(spike_input: Any, train: NDArray[Any]) -> None:
    """Give all spikes of a source; nengo-loihi counts steps from 1."""
    for t in np.flatnonzero(train.any(axis=1)):
        spike_input.add_spikes(int(t) + 1, np.flatnonzero(train[t]))


def _emulate(lowered: Lowered, steps: int) -> StrictEmulator:
    # NumPy warns when the emulator fills integer arrays with NaN, before it sets them
    with np.errstate(invalid="ignore"), told_by_nengo_loihi("cannot run the network"):
        emulator = StrictEmulator(lowered.model, seed=0)
    for t in range(steps):
        with told_by_nengo_loihi(f"stopped at step {t}", hint=OVERFLOW):
            emulator.step()
        if (emulator.compartment.current == -STATE_MODULUS // 2).any():
            raise BackendError("a current came to -2^23, which the network's integers hold as "
                               "2^23 and the emulator's do not", where=f"step {t}", hint=OVERFLOW)
    return emulator
