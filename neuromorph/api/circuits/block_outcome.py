"""A block by the clock: proved, sent a sequence, compared with its closed form, and told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from neuromorph import backends
from neuromorph.api.circuits.block_numbers import cautions_of, numbers_of, sentences_of
from neuromorph.api.circuits.block_run import BlockRun
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.equal import require_equal
from neuromorph.backends import Recording
from neuromorph.circuits.block.closed_form import Token
from neuromorph.circuits.block.numbers import Block, Ints
from neuromorph.circuits.block.stages import rows_of
from neuromorph.circuits.block.tokens import said, stimulate
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.network import Network, Probe
from neuromorph.progress import Progress
from neuromorph.report.block import draw_block
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Sent(Shown):
    """A sequence for a block, and what should become of it.

    Attributes
    ----------
    block : Block
    stream : int array, shape (tokens, width)
    angles : pair of int arrays, or None
    expected : Token
        By the closed form.
    apart : int
        Periods from a token to the next.
    """

    block: Block
    stream: Ints
    angles: tuple[Ints, Ints] | None
    expected: Token
    apart: int


def outcome_of(network: Network, sent: Sent, backend: str, progress: Progress) -> Outcome:
    """Prove a block's network, run a sequence through it, compare it with the closed form.

    Raises
    ------
    DisagreementError
        If a number that a token becomes is not that of the closed form.
    """
    block, tokens, apart = sent.block, len(sent.stream), sent.apart
    progress("proving that nothing overflows")
    proof = prove_contract(network)
    inputs, steps = stimulate(block, sent.stream, sent.angles, apart=apart)
    progress(f"{tokens} tokens, {steps} steps on {backend}")
    probes = tuple(Probe(population.name, "spikes") for population in network.populations)
    recording = backends.get(backend).run(network, inputs, probes, steps)
    spikes = {p.name: recording.spikes(p.name) for p in network.populations}
    compared = compare(said(block, spikes, tokens, apart=apart), sent.expected)
    done = BlockRun(block, network, rows_of(block, network), spikes, tokens, apart)
    numbers = numbers_of(done, proof) | {"numbers_compared": compared, **_overflows(recording)}
    return Outcome(numbers, sentences_of(numbers), partial(draw_block, done.picture),
                   cautions_of(done))


def compare(found: Token, expected: Token) -> int:
    """How many numbers are equal, which is all of them.

    Raises
    ------
    DisagreementError
        Naming the first that is not, in the order in which a token becomes them.
    """
    require_equal("the clocked block", "block",
                  zip(Token._fields, found, expected, strict=True), "neuron")
    return sum(part.size for part in found)


def _overflows(recording: Recording) -> dict[str, Any]:
    """What the backend counted, if it counts."""
    return {"overflows": sum(recording.overflows.values())} if recording.overflows else {}
