"""A whole transformer by the clock, image after image, beside its closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.block_numbers import synapses_of
from neuromorph.api.circuits.block_run import BlockRun
from neuromorph.api.equal import require_equal
from neuromorph.circuits.block.build import TOKEN as BLOCK_TOKEN
from neuromorph.circuits.block.build import R
from neuromorph.circuits.block.build import build as build_block
from neuromorph.circuits.block.numbers import Ints, with_period
from neuromorph.circuits.block.stages import rows_of
from neuromorph.circuits.transformer import closed_form
from neuromorph.circuits.transformer.build import TOKEN, embedded_by, sent_by
from neuromorph.circuits.transformer.closed_form import Passed
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.parts import HOST, parts_of
from neuromorph.circuits.transformer.timeline import course_of
from neuromorph.circuits.transformer.tokens import heard, said, stimulate
from neuromorph.network import Network, Probe
from neuromorph.shown import Shown


class Part(NamedTuple):
    """Populations of one part, and what they did for one sequence."""

    part: str
    neurons: int
    synapses: int
    spikes: int


@dataclass(frozen=True, eq=False, repr=False)
class ClockedRun(Shown):
    """All spikes of a sequence that went through a whole model, and came out as it should.

    Attributes
    ----------
    model : Transformer
    network : Network
    spikes : mapping of population to int array, shape (steps, size)
    steps, tokens : int
    """

    model: Transformer
    network: Network
    spikes: Mapping[str, NDArray[Any]]
    steps: int
    tokens: int

    def parts(self) -> list[Part]:
        """What runs where: all neurons, synapses and spikes, each once, by part."""
        sizes = {p.name: p.size for p in self.network.populations}
        return [Part(part, sum(sizes[name] for name in names),
                     sum(synapses_of(p) for p in self.network.projections if p.post in names),
                     sum(int(np.count_nonzero(self.spikes[name])) for name in names))
                for part, names in parts_of(self.model, self.network).items()]

    def block(self, number: int) -> BlockRun:
        """A block in it, until the first token of the last pass has left: on its way to the answer.

        Of a model without rotary positions.
        """
        at = course_of(self.model)
        block = with_period(self.model.blocks[number], at.period)
        alone, begin = build_block(block), at.begins[number]
        others = {R: sent_by(number - 1) if number else embedded_by(self.model),
                  BLOCK_TOKEN: f"tokens.block{number}" if number else TOKEN}
        spikes = {p.name: self.spikes[others.get(p.name, f"block{number}.{p.name}")][begin:]
                  for p in alone.populations}
        return BlockRun(block, alone, rows_of(block, alone), spikes,
                        (self.model.passes - 1) * self.tokens + 1, 1)


def clocked(
    model: Transformer, network: Network, inputs: Ints, backend: str, *, every: bool = False
) -> ClockedRun:
    """Run a sequence by the clock, and compare all hidden states and the answer.

    Parameters
    ----------
    model : Transformer
    network : Network
        What `build` makes of it.
    inputs : int array, shape (tokens,) or (tokens, pixels)
    backend : str
    every : bool
        Whether spikes of every population are kept, and not only of those that are compared.

    Raises
    ------
    DisagreementError
        If a number is not that of the closed form.
    """
    trains, steps = stimulate(model, inputs)
    names = [p.name for p in network.populations] if every else list(dict.fromkeys(heard(model)))
    recording = backends.get(backend).run(network, trains, [Probe(name) for name in names], steps)
    spikes = {name: recording.spikes(name) for name in names}
    check_equal(said(model, spikes, len(inputs)), closed_form.run(model, inputs), backend)
    return ClockedRun(model, network, spikes, steps, len(inputs))


def check_equal(found: Passed, expected: Passed, backend: str) -> None:
    """Refuse a run whose numbers are not those of the closed form.

    Raises
    ------
    DisagreementError
        Naming the first that is not.
    """
    require_equal("the whole model", backend, zip(
        _names(expected.streams), (*found.streams, found.answer),
        (*expected.streams, expected.answer), strict=True), "number")


def on_chip(parts: Sequence[Part]) -> list[Part]:
    """Without what a host sends."""
    return [part for part in parts if part.part != HOST]


def _names(streams: Sequence[object]) -> list[str]:
    last = len(streams) - 1
    return [*(f"hidden states before block {n}" for n in range(last)),
            "hidden states behind the last block", "answer"]
