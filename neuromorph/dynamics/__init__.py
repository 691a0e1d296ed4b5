"""Pure step functions, ``(model, state, input) -> (state, output)``; integer and float alike."""

from neuromorph.dynamics.gain import step_astrocyte_fixed, step_astrocyte_float
from neuromorph.dynamics.latency import latency_payload, step_latency
from neuromorph.dynamics.lif import LIFState, step_lif_fixed, step_lif_float
from neuromorph.dynamics.readout import step_readout_fixed, step_readout_float
from neuromorph.dynamics.relay import step_relay_fixed, step_relay_float
from neuromorph.dynamics.synapse import accumulate_fixed, accumulate_float

__all__ = [
    "LIFState",
    "accumulate_fixed",
    "accumulate_float",
    "latency_payload",
    "step_astrocyte_fixed",
    "step_astrocyte_float",
    "step_latency",
    "step_lif_fixed",
    "step_lif_float",
    "step_readout_fixed",
    "step_readout_float",
    "step_relay_fixed",
    "step_relay_float",
]
