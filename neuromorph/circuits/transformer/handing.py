"""Angles and pulses, handed on from block to block as fast as their token goes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from neuromorph.circuits.block.layers import input_of, source, waiting
from neuromorph.network import Network, Population, Port, Projection, Relay, Schedule


def handing(
    name: str, size: int, span: tuple[int, int], steps: tuple[int, ...],
    begins: tuple[int, ...], period: int,
) -> Network:
    """A chain of relays that says the same again in other steps.

    ::

        block0 --(delay)--> hop1_0 --(delay)--> block1 --(delay)--> ...

    Parameters
    ----------
    name : str
    size : int
    span : pair of int
        What may be sent.
    steps : tuple of int
        In which steps of a token, from the first that it is sent to a block.
    begins : tuple of int
        In which step each block is sent its token; the first one is sent the source itself.
    period : int

    Returns
    -------
    Network
        With the source ``block0``, and an output ``block1``, ``block2``, ... a block.
    """
    populations, ways = [source("block0", size)], list[Projection]()
    outputs = []
    for block, (start, stop) in enumerate(pairwise(begins), 1):
        relay = Population(f"block{block}", size, Relay())
        hops, hands = waiting(f"to_block{block}", f"block{block - 1}", relay.name, size,
                              stop - start, f"hop{block}_")
        populations += [*hops, relay]
        ways += hands
        outputs.append(Port(relay.name, relay.name, size, relay.model.payload_bits, *span,
                            _in(steps, stop, period)))
    return Network(name, "fixed", tuple(populations), tuple(ways), Schedule(period), inputs=(
        input_of("block0", size, *span, _in(steps, begins[0], period)),), outputs=tuple(outputs))


def _in(steps: tuple[int, ...], begin: int, period: int) -> tuple[int, ...]:
    return tuple(sorted(int(step) for step in (np.add(steps, begin) % period)))
