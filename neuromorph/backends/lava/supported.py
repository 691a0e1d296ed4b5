"""What stock Lava cannot hold, with the reason. Nothing here imports Lava."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from neuromorph.learning.stock_float import reason_against_stock_float
from neuromorph.network import CubaLIF, LatencyMatch, Network
from neuromorph.network.populations import NeuronModel
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_SHIFT, PAYLOAD_BITS, WEIGHT_MIN


def reason_against(network: Network) -> str | None:
    """The first reason why stock Lava cannot hold the network exactly, or None."""
    if network.domain == "float":
        rules = ((p.name, reason_against_stock_float(p.rule)) for p in network.plastic if p.rule)
        return next((f"{name}: {reason}" for name, reason in rules if reason), None)
    neurons = ((p.name, _reason_against_model(p.model)) for p in network.populations)
    synapses = ((p.name, _reason_against_weights(p.weights)) for p in network.projections)
    for name, reason in (*neurons, *synapses):
        if reason:
            return f"{name}: {reason}"
    return None


def is_wide(weights: NDArray[Any]) -> bool:
    """Whether a weight of -256 makes the weights need the mixed-sign format.

    The format for negative weights ends at -255; the mixed one holds even numbers only.
    """
    return bool(weights.min() == WEIGHT_MIN)


def faintest_payload(model: LatencyMatch) -> int:
    """The payload one whole span past threshold: the lowest there is."""
    return 2 * model.base - ((model.span * model.gain) >> model.gain_shift)


def _reason_against_model(model: NeuronModel) -> str | None:
    if isinstance(model, CubaLIF) and model.du < 1:
        return ("stock LIF has no register for du = 0: its du counts one more than it says "
                "(1 to 4096 are possible)")
    if isinstance(model, CubaLIF) and model.dv > DECAY_UNITY - 1:
        return "stock LIF has no register for dv = 4096 (0 to 4095 are possible)"
    if isinstance(model, CubaLIF) and model.input_shift != INPUT_SHIFT:
        return (f"stock LIF shifts its input by {INPUT_SHIFT} bits, "
                f"not by {model.input_shift}")
    if isinstance(model, LatencyMatch) and faintest_payload(model) < -(1 << (PAYLOAD_BITS - 1)):
        return f"its payload would leave {PAYLOAD_BITS} bits, down to {faintest_payload(model)}"
    return None


def _reason_against_weights(weights: NDArray[Any]) -> str | None:
    if is_wide(weights) and (weights & 1).any():
        return "no stock synapse format holds a weight of -256 together with odd weights"
    return None
