"""What stock Lava cannot hold, with the reason. Nothing here imports Lava."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from neuromorph.learning.stock_float import reason_against_stock_float
from neuromorph.network import Network, Population
from neuromorph.numerics.limits import WEIGHT_MIN
from neuromorph.numerics.synapse import bits_of


def reasons_against(network: Network) -> list[str]:
    """All reasons why stock Lava cannot hold the network exactly."""
    if network.domain == "float":
        rules = ((p.name, reason_against_stock_float(p.rule)) for p in network.plastic if p.rule)
        return [f"{name}: {reason}" for name, reason in rules if reason]
    neurons = ((p.name, _stranger(p) or p.model.why_not_lava()) for p in network.populations)
    synapses = ((p.name, _reason_against_weights(p.weights)) for p in network.projections)
    return [f"{name}: {reason}" for name, reason in (*neurons, *synapses) if reason]


def _stranger(population: Population) -> str:
    """Why the child process would not know a model, which finds those of the house only."""
    home = type(population.model).__module__
    if home.startswith("neuromorph.neurons."):
        return ""
    return (f"Lava's process knows the models of neuromorph/neurons, and no "
            f"{population.model.kind} of {home}")


def is_wide(weights: NDArray[Any]) -> bool:
    """Whether a weight of -256 makes the weights need the mixed-sign format.

    The format for negative weights ends at -255; the mixed one holds even numbers only.
    """
    return int(weights.min()) == WEIGHT_MIN


def _reason_against_weights(weights: NDArray[Any]) -> str | None:
    if is_wide(weights) and bits_of(weights) & 1:
        return "no stock synapse format holds a weight of -256 together with odd weights"
    return None
