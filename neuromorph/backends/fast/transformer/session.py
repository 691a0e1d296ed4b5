"""A sequence that is being read or written, and whole sequences."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import threads
from neuromorph.backends.fast.memory import aligned, padded
from neuromorph.backends.fast.threads import share
from neuromorph.backends.fast.transformer import tables as of
from neuromorph.backends.fast.transformer.barrier import CAN_WAIT, FAILED
from neuromorph.backends.fast.transformer.prepared import prepared
from neuromorph.backends.fast.transformer.room import Room
from neuromorph.backends.fast.transformer.walk import stages, walk
from neuromorph.circuits.block.numbers import Ints
from neuromorph.circuits.transformer.closed_form import Passed, answered, checked, embedded
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.errors import UsageError

TOGETHER = 512
"""Tokens that pass through the blocks together, at most."""

PARALLEL_FROM = 1 << 21
"""Products of a call from which threads pay for themselves."""

_one_at_a_time = Lock()
"""Threads that wait for each other must all have a processor: two calls could share them badly."""


class Session:
    """One sequence of a causal model, read or written token by token, by one thread at a time.

    Parameters
    ----------
    model : Transformer

    Raises
    ------
    UsageError
        For a model whose tokens see those behind them, or whose head speaks once; see `run`.
    """

    def __init__(self, model: Transformer) -> None:
        if not model.causal:
            raise UsageError("a token of this model sees those behind it", where="session",
                             expected="a causal model", hint="run a whole sequence")
        if model.head.read != "each":
            raise UsageError("this model's head speaks once a sequence", where="session",
                             found=model.head.read, expected="each", hint="run a whole sequence")
        self.model = model
        self._walk = _Walk(model, max(head.slots for block in model.blocks for head in block.heads)
                           + TOGETHER)
        self._room: Room | None = None
        self.tokens = 0
        """Tokens that were read so far."""

    def feed(self, inputs: Ints, *, every: bool = False) -> Ints:
        """What the head says when some more tokens were read, one or many.

        Parameters
        ----------
        inputs : int array, shape (tokens,) or (tokens, pixels)
        every : bool
            Whether it is asked about each token.

        Returns
        -------
        int array, shape (outputs,), or (tokens, outputs) with ``every``

        Raises
        ------
        UsageError
            For a token that the model does not know, or a sequence that becomes too long.
        """
        inputs = checked(self.model, inputs, self.tokens)
        answers = [self._read(inputs[at : at + TOGETHER], every=every,
                              last=at + TOGETHER >= len(inputs)).answer
                   for at in range(0, len(inputs), TOGETHER)]
        return np.concatenate(answers) if every else answers[-1][-1]

    def hidden(self, inputs: Ints) -> Passed:
        """The same of each token, and R in front of each block and behind the last."""
        inputs = checked(self.model, inputs, self.tokens)
        parts = [self._read(inputs[at : at + TOGETHER], every=True, last=True, streams=True)
                 for at in range(0, len(inputs), TOGETHER)]
        return Passed(tuple(map(np.concatenate, zip(*(part.streams for part in parts),
                                                    strict=True))),
                      np.concatenate([part.answer for part in parts]))

    def _read(
        self, inputs: Ints, *, every: bool, last: bool, streams: bool = False
    ) -> Passed:
        count = len(inputs)
        room = self._walk.room(count, None if count > 1 else self._room)
        if count == 1:
            self._room = room
        answers = count if every else int(last)
        passed = self._walk(room, inputs, self.tokens, answers, streams=streams)
        self.tokens += count
        return passed

    @property
    def counts(self) -> dict[str, int]:
        """Spikes of all blocks so far, and what was cut off; see `tables`.

        ``spikes.*`` are payloads other than 0: of both norms and the unit vector, codes of
        queries, keys and values, match neurons (one a head and slot that is seen), contexts, both
        residual streams, and the gated hidden. ``spikes`` is their sum. ``cut.*`` are numbers
        beyond their limits, before they were cut off.
        """
        return self._walk.counted

    def copy(self) -> Session:
        """Another session that has read the same."""
        other = Session(self.model)
        other.tokens = self.tokens
        other._walk.become(self._walk)
        return other

    def reset(self) -> None:
        """Begin anew: nothing was read, and nothing counted."""
        self.tokens = 0
        self._walk.counts[:] = 0


def run(
    model: Transformer, inputs: Ints, *, streams: bool = False,
    counts: Counter[str] | None = None,
) -> Passed:
    """A whole sequence, equal to `circuits.transformer.closed_form.run` to the bit.

    Parameters
    ----------
    model : Transformer
        Causal or not.
    inputs : int array, shape (tokens,) or (tokens, pixels)
    streams : bool
        Whether R is kept in front of each block and behind the last; else there are none.
    counts : Counter, optional
        What `Session.counts` say is added to it.

    Raises
    ------
    UsageError
        As `Session.feed`.
    """
    inputs = checked(model, inputs)
    if model.causal and model.head.read == "each":
        session = Session(model)
        passed = session.hidden(inputs) if streams else Passed(
            (), session.feed(inputs, every=True))
        walked = session._walk
    else:
        walked = _Walk(model, len(inputs) if not model.causal
                       else max(head.slots for block in model.blocks for head in block.heads)
                       + len(inputs))
        passed = walked(walked.room(len(inputs), None), inputs, 0, len(inputs), streams=True)
    if counts is not None:
        counts.update(walked.counted)
    return passed if streams else Passed((), passed.answer)


class _Walk:
    """A model, rings of keys and values, and the call."""

    def __init__(self, model: Transformer, slots: int) -> None:
        self.model, self.tables = model, prepared(model)
        self.embedding = replace(model.embedding, norm=None)
        self.in_numpy = model.head.read != "each" or (
            model.head.dense is not None and self.tables.head_layer < 0)
        self.capacity = padded(slots, of.PANEL)
        self.columns = max(padded(block.size, of.PANEL) for block in model.blocks)
        self.rings = [aligned((block.groups * self.capacity * wide,), np.int8)
                      for block in model.blocks
                      for wide in (padded(block.size, 2), self.columns)]
        self.places = np.array([ring.ctypes.data for ring in self.rings], np.int64)
        self.counts = np.zeros((1, of.COUNTS + 1), np.int64)

    def room(self, tokens: int, old: Room | None) -> Room:
        """Room for so many tokens, and as many threads as pay."""
        pays = tokens * self.tables.weights >= PARALLEL_FROM and CAN_WAIT
        count = threads.count() if pays else 1
        if old is not None and old.threads == count:
            return old
        return Room(self.model, self.tables, self.places, tokens, self.capacity, self.columns,
                    count)

    def __call__(
        self, room: Room, inputs: Ints, first: int, answers: int, *, streams: bool
    ) -> Passed:
        model, tables = self.model, self.tables
        tokens = len(inputs)
        room.stream[:tokens, : model.width] = embedded(
            self.embedding, inputs, first, limit=model.largest)
        head = model.head
        outputs = model.width if head.dense is None else head.dense.outputs
        told = np.empty((0 if self.in_numpy else answers, outputs), np.int64)
        record = np.empty((len(model.blocks) + 1 if streams or self.in_numpy else 0, tokens,
                           model.width), np.int32)
        room.set_call(first, tokens, told, record)
        if len(self.counts) < room.threads:
            self.counts = np.pad(self.counts, ((0, room.threads - len(self.counts)), (0, 0)))
        arguments = stages(), tables.blocks, room.work, self.counts
        if room.threads == 1:
            walk(0, 1, *arguments)
        else:
            with _one_at_a_time:
                share(_guarded, room.threads, room.barrier, arguments)
        wide = tuple(one.astype(np.int64) for one in record)
        if self.in_numpy:
            told = answered(head, wide[-1])
        return Passed(wide if streams else (), told)

    @property
    def counted(self) -> dict[str, int]:
        total = self.counts.sum(axis=0)
        spikes = {f"spikes.{name}": int(total[n]) for n, name in enumerate(of.SPIKES)}
        cuts = {f"cut.{name}": int(total[len(of.SPIKES) + n]) for n, name in enumerate(of.CUTS)}
        return {"spikes": sum(spikes.values()), **spikes, **cuts}

    def become(self, other: _Walk) -> None:
        """Remember what another does."""
        for mine, theirs in zip(self.rings, other.rings, strict=True):
            mine[:] = theirs
        self.counts = other.counts.copy()


def _guarded(first: int, stride: int, barrier: NDArray[np.int64], arguments: Any) -> None:
    """A thread's share; if it fails, nobody waits for it."""
    try:
        walk(first, stride, *arguments)
    except BaseException:
        barrier[FAILED] = 1
        raise
