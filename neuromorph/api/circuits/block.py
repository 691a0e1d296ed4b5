"""A transformer block: hidden state in, hidden state out, and all between them spikes.

A tiny Llama block of random integers: norms, rotary queries, keys that a token writes into its
slot, match and control, W_o, a gated MLP. No host divides, multiplies or remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from neuromorph import backends
from neuromorph.api.circuits.block_outcome import Sent, outcome_of
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.circuits.block import closed_form
from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.closed_form import angles_of
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.block.tiny import tiny_block, tiny_stream
from neuromorph.circuits.block.tokens import alone
from neuromorph.errors import UsageError
from neuromorph.progress import Progress


@dataclass(frozen=True)
class Settings:
    """How large the block is, and how its tokens follow each other."""

    tokens: Annotated[int, Meaning(
        "Tokens of the sequence; more than there are slots overwrite the oldest.",
        low=1, high=64)] = 6
    width: Annotated[int, Meaning("Numbers of the residual stream.", low=1, high=64)] = 8
    heads: Annotated[int, Meaning("Query heads.", low=1, high=8)] = 2
    groups: Annotated[int, Meaning(
        "Key and value heads, which the query heads share evenly.", low=1, high=8)] = 1
    head_size: Annotated[int, Meaning(
        "Numbers of a query, key and value.", low=1, high=16)] = 4
    hidden: Annotated[int, Meaning("Neurons of the MLP.", low=1, high=256)] = 12
    slots: Annotated[int, Meaning(
        "Tokens that a head remembers; then its ring begins anew.", low=1, high=64)] = 4
    window: Annotated[int, Meaning(
        "Steps in which a match neuron may fire; a period is 11 longer.", low=4, high=30)] = 10
    turns: Annotated[int, Meaning(
        "Parts in which W_o hears the contexts: more of them where its sum is not proved to "
        "fit.", low=1, high=8)] = 2
    rotary: Annotated[bool, Meaning("Rotary positions; otherwise none.")] = True
    gated: Annotated[bool, Meaning("SiLU times a second sum; otherwise GELU.")] = True
    layer_norm: Annotated[bool, Meaning("Layer norms; otherwise RMS norms.")] = False
    head_norms: Annotated[bool, Meaning(
        "Norms of each head's queries and keys, as a Qwen3 has them.")] = False
    massive: Annotated[bool, Meaning(
        "Give the last token a number of 2^21 beside some 3000, as trained models have.")] = False
    pipelined: Annotated[bool, Meaning(
        "A token every period; otherwise the next when the block is done with one.")] = True

    def __post_init__(self) -> None:
        check_limits(self)
        if self.heads % self.groups:
            raise UsageError("query heads do not share keys evenly", where="groups",
                             found=self.groups, expected=f"a divisor of {self.heads} heads")
        if self.rotary and self.head_size % 2:
            raise UsageError("a head of an odd size has no pairs to turn", where="head_size",
                             found=self.head_size, hint="an even size, or rotary=false")


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(tiny_block(width=2, heads=1, size=2, hidden=2, slots=2)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Build and prove a block, run a sequence through it, compare it with the closed form.

    Raises
    ------
    DisagreementError
        If a number that a token becomes is not that of the closed form.
    """
    block = _block(settings, seed)
    stream = tiny_stream(seed, settings.tokens, settings.width, massive=settings.massive)
    angles = angles_of(range(settings.tokens), block.size) if block.rotary else None
    return outcome_of(build(block), Sent(
        block, stream, angles, closed_form.run(block, stream, angles),
        apart=1 if settings.pipelined else alone(block)), backend, progress)


def _block(settings: Settings, seed: int) -> Block:
    return tiny_block(
        seed, width=settings.width, heads=settings.heads, groups=settings.groups,
        size=settings.head_size, hidden=settings.hidden, slots=settings.slots,
        window=settings.window, turns=settings.turns, rotary=settings.rotary,
        gated=settings.gated, layer_norm=settings.layer_norm, head_norms=settings.head_norms)
