"""A token through a placed model: its embedding, its first block and its answer, as they lie.

Blocks are alike in all but their weights. So one of them is run on the cores that it was given,
and the others count as it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends import Inputs
from neuromorph.backends.fast.transformer import run as run_integers
from neuromorph.circuits.block.numbers import with_period
from neuromorph.circuits.transformer.build import build
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.timeline import course_of
from neuromorph.circuits.transformer.tokens import heard, said, stimulate
from neuromorph.compile import Compiled, Program, Unit
from neuromorph.compile.split import split
from neuromorph.errors import DisagreementError
from neuromorph.network import Network, Probe
from neuromorph.shown import Shown

LOUDEST_PIXEL = 16
"""Of the patches that are sent to a model of images."""


@dataclass(frozen=True, eq=False, repr=False)
class TokenTrial(Shown):
    """What one token did.

    Attributes
    ----------
    program : Program
        Of the model with its first block alone, on the cores of the whole.
    trains : mapping of population to array, shape (steps, size)
        All spikes, sources included.
    inputs : mapping of source to array
        What was sent.
    begins, ends : int
        Steps in which the block is sent the token, and sends it on.
    backend : str
    """

    program: Program
    trains: Mapping[str, NDArray[Any]]
    inputs: Inputs
    begins: int
    ends: int
    backend: str

    @property
    def steps(self) -> int:
        """Of the run."""
        return max(len(train) for train in self.trains.values())


def serial(model: Transformer) -> Transformer:
    """The model with a period in which a token gets through all of it.

    It has the same synapses; the counters of its neurons count further. While a token is under
    way nothing else happens, where in the model's own period every block would work on silence.
    """
    steps = course_of(model).said + 1
    return replace(model, blocks=tuple(with_period(block, steps) for block in model.blocks))


def try_token(model: Transformer, compiled: Compiled) -> TokenTrial:
    """Run a token through the first block of a placed program, and compare it to the bit.

    Raises
    ------
    DisagreementError
        If the placed parts do not give what the integers give.
    """
    slow = serial(model)
    part = replace(slow, blocks=slow.blocks[:1])
    unit = _as_placed(build(part), compiled.program.units[0])
    slices = tuple(piece for piece in compiled.program.slices
                   if piece.population in unit.network.by_name)
    program = replace(compiled.program, units=(unit,), slices=slices)
    inputs, steps = stimulate(part, any_token(model), passes=1)
    fast = backends.get(backends.DEFAULT)
    probes = [Probe(p.name) for p in unit.network.populations if not p.is_source]
    placed = split(unit, program.slices_of(0)).run(fast.run, inputs, probes, steps)
    spikes = {probe.target: placed.spikes(probe.target) for probe in probes}
    _compare(part, {name: spikes[name] for name in heard(part)})
    at = course_of(part)
    return TokenTrial(program, {**inputs, **spikes}, inputs, at.begins[0], at.begins[-1],
                      fast.name)


def _as_placed(network: Network, whole: Unit) -> Unit:
    """The part with the synapses of the whole that was placed."""
    placed = whole.network
    return Unit(whole.name, replace(network, projections=tuple(
        replace(p, weights=placed.projection(p.name).weights)
        if p.name in placed.projection_names else p for p in network.projections)))


def any_token(model: Transformer) -> NDArray[np.int64]:
    """Any token, or a patch of any small pixels."""
    rng, rows = np.random.default_rng(0), len(model.embedding.weights)
    if model.embedding.of_tokens:
        return rng.integers(0, rows, 1)
    return rng.integers(0, LOUDEST_PIXEL + 1, (1, rows))


def _compare(part: Transformer, spikes: Mapping[str, NDArray[Any]]) -> None:
    found = said(part, spikes, 1, passes=1)
    wanted = run_integers(part, any_token(part), streams=True)
    pairs = zip((*found.streams, found.answer), (*wanted.streams, wanted.answer), strict=True)
    for number, (one, other) in enumerate(pairs):
        if not np.array_equal(one, other):
            where = "the answer" if number > len(part.blocks) else f"stream {number}"
            raise DisagreementError("the placed program does not give what the integers give",
                                    where=where)
