"""The edges of match-and-control: two kinds of plain spikes in, one out."""

from __future__ import annotations

from neuromorph.network import Population, Port


def inputs_of(axons: int, queries: int) -> tuple[Port, ...]:
    """What may spike in any step; an episode says when to match and when to control."""
    return (
        Port("axon", "axon", axons, says="keys in the match window, values in the control window"),
        Port("query", "query", queries, says="one query a neuron, in the match window"),
    )


def outputs_of(soma: Population) -> tuple[Port, ...]:
    """The somata, which follow the axon in step with their query."""
    return (Port.of(soma, says="in the control window the values of the axon that matched"),)
