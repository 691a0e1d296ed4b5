"""Which part of a transformer each population of its network is."""

from __future__ import annotations

import re

from neuromorph.circuits.block import stages as of
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.network import Network

HOST, EMBEDDING, NORMS, PROJECTIONS, ATTENTION, OUTPUT, MLP, HEAD, PULSES = PARTS = (
    "host", "embedding and positions", "layer norms", "queries, keys and values",
    "match and control", "output weights, residual", "MLP, residual", "head",
    "pulses from block to block")
"""In the order of a token; the host is no part of the chip."""

_OF_STAGE = {
    of.IN: PULSES, of.NORM: NORMS, of.PROJECT: PROJECTIONS, of.DRIVES: ATTENTION,
    of.WRITE: ATTENTION, of.SWEEP: ATTENTION, of.CONTEXT: ATTENTION, of.OUTPUT: OUTPUT,
    of.MLP_NORM: NORMS, of.GATE: MLP, of.UNIT_NORM: MLP, of.DOWN: MLP, of.END_NORM: NORMS}

_OF_NAME = {"embedding": EMBEDDING, "embedding_norm": NORMS, "head_norm": HEAD, "answer": HEAD,
            "tokens": PULSES, "angles": PULSES}

_BLOCK = re.compile(r"block(\d+)\.(.+)")


def parts_of(model: Transformer, network: Network) -> dict[str, tuple[str, ...]]:
    """Populations of each part, in the order of a token.

    Parameters
    ----------
    model : Transformer
    network : Network
        What `build` makes of it.

    Raises
    ------
    NetworkError
        If a population of a block is of no stage.
    """
    found: dict[str, list[str]] = {part: [] for part in PARTS}
    for population in network.populations:
        inside = _BLOCK.fullmatch(population.name)
        if population.is_source:
            part = HOST
        elif inside:
            part = _OF_STAGE[of.stage_of(model.blocks[int(inside[1])], inside[2])]
        else:
            part = _OF_NAME[population.name.partition(".")[0]]
        found[part].append(population.name)
    return {part: tuple(names) for part, names in found.items() if names}
