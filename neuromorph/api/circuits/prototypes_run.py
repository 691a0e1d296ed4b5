"""A pass of learning and a test, laid as one run, and held against the closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.equal import Compared, require_equal
from neuromorph.backends import Recording
from neuromorph.circuits.prototypes import (
    PROBES,
    Learned,
    Learner,
    Prototypes,
    Said,
    Timeline,
    build,
    first_steps,
    said,
    vote,
)
from neuromorph.circuits.prototypes.closed_form import SILENT
from neuromorph.network import Network
from neuromorph.shown import Shown

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Sent(Shown):
    """What a host sends in one pass, by the closed form, and what should come of it.

    Attributes
    ----------
    learner : Learner
        After the pass.
    learned : Learned
    codes, tests : int array, shape (samples, features)
    answers : int array, shape (tests,)
    timeline : Timeline
    taught_until : int
        Step in which the tests begin.
    """

    learner: Learner
    learned: Learned
    codes: Ints
    tests: Ints
    answers: Ints
    timeline: Timeline
    taught_until: int

    @property
    def numbers(self) -> Prototypes:
        """Of the memory."""
        return self.learner.numbers

    def network(self) -> Network:
        """The memory, empty."""
        return build(self.numbers)


@dataclass(frozen=True, eq=False, repr=False)
class Done(Shown):
    """What a backend recorded of a pass.

    Attributes
    ----------
    said : Said
    labels : int array, shape (rows in use,)
        As the label's synapses hold them at the end.
    answers : int array, shape (tests,)
        Votes of the spikes that were recorded.
    recording : Recording
    """

    said: Said
    labels: Ints
    answers: Ints
    recording: Recording

    @property
    def waited(self) -> float | None:
        """Steps from a test's arrival to the first spike, mean of those that were answered."""
        tested = self.said.first[len(self.said.first) - len(self.answers) :]
        first = [row[row != SILENT].min() for row in tested if (row != SILENT).any()]
        return float(np.mean(first)) if first else None


def lay(
    numbers: Prototypes, codes: NDArray[Any], labels: NDArray[Any], tests: NDArray[Any]
) -> Sent:
    """Learn in one pass, then test: what is written when follows from the closed form.

    The network has to say the same first steps, query by query, else `run` refuses it; so a host
    that listens to its spikes writes the same.

    Raises
    ------
    FitError
        If there are more prototypes than rows.
    """
    learner, timeline = Learner(numbers), Timeline(numbers)
    learned = learner.learn(codes, labels.tolist(), timeline)
    taught = timeline.step
    answers = learner.answer(tests, timeline)
    return Sent(learner, learned, np.asarray(codes, np.int64), np.asarray(tests, np.int64),
                answers, timeline, taught)


def run(sent: Sent, backend: str, network: Network | None = None) -> Done:
    """Run a pass, and compare it with the closed form: first spikes, classes, synapses.

    Raises
    ------
    DisagreementError
        Naming the first number that differs.
    """
    inputs, steps = sent.timeline.trains()
    recording = backends.get(backend).run(network or sent.network(), inputs, PROBES, steps)
    return compare(sent, recording)


def compare(sent: Sent, recording: Recording) -> Done:
    """What was recorded, which is what the closed form says; raises as `run`."""
    found = said(sent.timeline, recording.spikes("match"), recording.spikes("label"))
    require_equal("the memory of prototypes", "prototypes", _compared(sent, found, recording),
                  "column")
    labels = recording.synapses["label"][0][:, : len(sent.learner.codes)].argmax(axis=0)
    tested = found.first[len(sent.codes) :, : len(labels)]
    return Done(found, labels, np.array([vote(row, labels) for row in tested], np.int64),
                recording)


def _compared(sent: Sent, found: Said, recording: Recording) -> Iterator[Compared]:
    codes, labels, numbers = sent.learner.codes, sent.learner.labels, sent.numbers
    first = _first(sent)
    yield "first spikes", found.first, first
    fired = np.where(first == SILENT, np.iinfo(np.int64).max, first)
    winners = (first != SILENT) & (fired == fired.min(axis=1, keepdims=True))
    taught = np.zeros((numbers.rows, numbers.classes), np.int64)
    taught[np.arange(len(labels)), labels] = 1
    yield "first classes", found.classes, winners.astype(np.int64) @ taught > 0
    held = np.zeros((numbers.rows, numbers.axons), np.int64)
    sides = [np.maximum(codes, 0), np.maximum(-codes, 0)] if numbers.signed else [codes]
    held[: len(codes)] = 2 * np.concatenate(sides, axis=1)
    yield "code synapses", recording.synapses["code"][0], held
    yield "label synapses", recording.synapses["label"][0].T, 2 * taught


def _first(sent: Sent) -> Ints:
    """First steps of all rows in all queries; a row that is not written yet is silent."""
    numbers, codes = sent.numbers, sent.learner.codes
    steps = np.full((len(sent.codes) + len(sent.tests), numbers.rows), SILENT, np.int64)
    written = np.searchsorted(sent.learned.rows, np.arange(len(sent.codes)))
    learning = first_steps(numbers, codes, sent.codes, numbers.learning)
    unknown = np.arange(len(codes)) >= written[:, None]
    steps[: len(sent.codes), : len(codes)] = np.where(unknown, SILENT, learning)
    steps[len(sent.codes) :, : len(codes)] = first_steps(numbers, codes, sent.tests,
                                                         numbers.window)
    return steps
