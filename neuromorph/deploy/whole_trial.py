"""A token through a placed model as it lies: all of a small one, or its first block.

Blocks are alike in all but their weights. So of a large model one of them is run, with embedding
and answer, on the cores that it was given, and the others count as it.
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
from neuromorph.deploy.outcome import Lab
from neuromorph.errors import DisagreementError
from neuromorph.lab.trial import Trial, trial_of, trial_probes
from neuromorph.network import Network, Probe
from neuromorph.shown import Shown

FIRST_BLOCK = "first-block"
"""The folder of a lab's part of a program."""

SMALL = 20_000
"""Neurons of a model that is run whole."""

LOUDEST_PIXEL = 16
"""Of the patches that are sent to a model of images."""


@dataclass(frozen=True, eq=False, repr=False)
class TokenTrial(Shown):
    """What one token did.

    Attributes
    ----------
    program : Program
        Of the blocks that were run, with embedding and answer, on the cores of the whole.
    blocks : int
        How many these are: all, or the first.
    trains : mapping of population to array, shape (steps, size)
        All spikes, sources included.
    inputs : mapping of source to array
        What was sent.
    begins, ends : int
        Steps in which the first block is sent the token, and the last one sends it on.
    backend : str
    """

    program: Program
    blocks: int
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
    """Run a token through a placed program, or its first block, and compare it to the bit.

    Raises
    ------
    DisagreementError
        If the placed parts do not give what the integers give.
    """
    slow, blocks = serial(model), run_blocks(compiled, model)
    part = replace(slow, blocks=slow.blocks[:blocks])
    program = _placed_part(part, compiled)
    unit = program.units[0]
    inputs, steps = stimulate(part, _token(model), passes=1)
    fast = backends.get(backends.DEFAULT)
    probes = [Probe(p.name) for p in unit.network.populations if not p.is_source]
    placed = split(unit, program.slices_of(0)).run(fast.run, inputs, probes, steps)
    spikes = {probe.target: placed.spikes(probe.target) for probe in probes}
    _compare(part, {name: spikes[name] for name in heard(part)})
    at = course_of(part)
    return TokenTrial(program, blocks, {**inputs, **spikes}, inputs, at.begins[0], at.begins[-1],
                      fast.name)


def lab_of(model: Transformer, compiled: Compiled) -> Lab:
    """What a lab is given: a token through the program, or through its first block.

    With the period that the program has, and every neuron's spikes and potentials.
    """
    blocks = run_blocks(compiled, model)
    pace = course_of(model).period
    part = replace(model, blocks=tuple(with_period(one, pace) for one in model.blocks[:blocks]))
    whole = blocks == len(model.blocks)
    program = compiled.program if whole else _placed_part(part, compiled)

    def trial() -> Trial:
        backend, network = backends.get(backends.DEFAULT), program.units[0].network
        inputs, steps = stimulate(part, _token(model), passes=1)
        recording = backend.run(network, inputs, trial_probes(network), steps)
        return trial_of(0, network, inputs, recording, backend=backend.name,
                        evidence=backend.evidence)

    return Lab(program, trial, "" if whole else FIRST_BLOCK)


def run_blocks(compiled: Compiled, model: Transformer) -> int:
    """How many blocks are run: all of a small model's, one of others."""
    neurons = sum(p.size for p in compiled.program.units[0].neurons)
    return len(model.blocks) if neurons <= SMALL else 1


def _placed_part(part: Transformer, compiled: Compiled) -> Program:
    """The program of some blocks with embedding and answer, on the cores of the whole."""
    unit = _as_placed(build(part), compiled.program.units[0])
    slices = tuple(piece for piece in compiled.program.slices
                   if piece.population in unit.network.by_name)
    return replace(compiled.program, units=(unit,), slices=slices)


def _as_placed(network: Network, whole: Unit) -> Unit:
    """The part with the synapses of the whole that was placed."""
    placed = whole.network
    return Unit(whole.name, replace(network, projections=tuple(
        replace(p, weights=placed.projection(p.name).weights)
        if p.name in placed.projection_names else p for p in network.projections)))


def _token(model: Transformer) -> NDArray[np.int64]:
    """Any token, or a patch of any small pixels."""
    rng, rows = np.random.default_rng(0), len(model.embedding.weights)
    if model.embedding.of_tokens:
        return rng.integers(0, rows, 1)
    return rng.integers(0, LOUDEST_PIXEL + 1, (1, rows))


def _compare(part: Transformer, spikes: Mapping[str, NDArray[Any]]) -> None:
    found, wanted = said(part, spikes, 1, passes=1), run_integers(part, _token(part), streams=True)
    pairs = zip((*found.streams, found.answer), (*wanted.streams, wanted.answer), strict=True)
    for number, (one, other) in enumerate(pairs):
        if not np.array_equal(one, other):
            where = "the answer" if number > len(part.blocks) else f"stream {number}"
            raise DisagreementError("the placed program does not give what the integers give",
                                    where=where)
