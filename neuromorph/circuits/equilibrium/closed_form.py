"""The layers without a network: what they settle in and learn, integer by integer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.circuits.equilibrium.numbers import (
    AWAY_AT,
    BACK_AT,
    CLEARING,
    HALVED,
    LEARN_AT,
    PERIOD,
    READ_AT,
    SHOW_AT,
    TOP,
    TOWARDS_AT,
    UNIT,
    Equilibrium,
)
from neuromorph.circuits.equilibrium.rules import CARRY, DROPPED
from neuromorph.circuits.equilibrium.timeline import Noise, kicks
from neuromorph.learning.draws import DrawSupply
from neuromorph.numerics.limits import TRACE_MAX, WEIGHT_MAX, WEIGHT_MIN

Ints = NDArray[np.int64]

HALF = 1 << HALVED - 1
FRACTION_BITS = 7
"""A tag's unit in the accumulator."""


class Layers:
    """Both layers and their synapses, sample after sample.

    Attributes
    ----------
    weights, tags : dict of name to int array, shape (post, pre)
        Of ``into``, ``forward`` and ``back``.
    contrast : pair of int arrays, shapes (first,), (second,)
        What the last nudge did to each neuron: away from the target less towards it, in 7 bits.
    """

    def __init__(self, numbers: Equilibrium) -> None:
        self.numbers = numbers
        self.weights: dict[str, Ints] = {
            name: np.array(getattr(numbers, name), np.int64)
            for name in ("into", "forward", "back")}
        self.tags = {name: np.zeros_like(found) for name, found in self.weights.items()}
        self.first, self.second = np.zeros(numbers.first, np.int64), np.zeros(
            numbers.second, np.int64)
        self.contrast = np.zeros_like(self.first), np.zeros_like(self.second)
        self._pixels, self._samples = np.zeros(numbers.inputs, np.int64), 0
        self._draws = DrawSupply(0, 1)

    def ask(self, pixels: NDArray[Any]) -> Ints:
        """The second layer's activity in the step in which the host reads; `nudge` must follow."""
        self._settle(SHOW_AT, np.full(self.numbers.second, CLEARING))
        self._pixels = np.asarray(pixels, np.int64)
        self._settle(READ_AT - SHOW_AT)
        return self.second

    def nudge(self, nudge: NDArray[Any] | None) -> None:
        """The rest of a sample: both nudges and the lesson; or, without a nudge, cleared again."""
        self._settle(AWAY_AT - READ_AT)
        if nudge is None:
            self._pixels = np.zeros(self.numbers.inputs, np.int64)
            one = other = np.full(self.numbers.second, CLEARING)
        else:
            one, other = np.asarray(nudge, np.int64), -np.asarray(nudge, np.int64)
        self._settle(TOWARDS_AT - AWAY_AT, one)
        away = self.first, self.second
        self._settle(BACK_AT - TOWARDS_AT, other)
        towards = self.first, self.second
        self._settle(LEARN_AT - BACK_AT)
        self._end(away, towards)

    def shake(self, noise: Noise) -> Ints:
        """A whole sample of noise; the second layer's activity where it would be asked."""
        sent = {layer: np.zeros((PERIOD, len(state)), np.int64) for layer, state in (
            ("first", self.first), ("second", self.second))}
        other = "second" if noise.layer == "first" else "first"
        for step, own, beside in kicks(noise):
            sent[noise.layer][step], sent[other][step] = own, beside
        self._pixels = np.zeros(self.numbers.inputs, np.int64)
        ends, start = [], 0
        for stop in (READ_AT, TOWARDS_AT, BACK_AT, LEARN_AT):
            self._settle(stop - start, sent["second"][start:stop], sent["first"][start:stop])
            ends.append((self.first, self.second))
            start = stop
        self._end(*ends[1:3])
        return ends[0][1]

    def _end(self, away: tuple[Ints, Ints], towards: tuple[Ints, Ints]) -> None:
        """What two moments differ by is learned; the sample ends."""
        first, second = (np.clip(up - down, -TRACE_MAX, TRACE_MAX)
                         for up, down in zip(away, towards, strict=True))
        self.contrast = first, second
        self._learn()
        self._settle(PERIOD - 1 - LEARN_AT)
        self._pixels = np.zeros(self.numbers.inputs, np.int64)
        self._settle(1)  # the next sample's first step, to which the old weights still deliver
        self._carry()
        self._samples += 1

    def _settle(self, steps: int, nudge: Ints | int = 0, noise: Ints | int = 0) -> None:
        """Both layers as one; drives are those of all steps, or one a step.

        Sums are whole numbers far below 2^53, and floats are quicker. Halves are rounded up, as
        what is below 0 is cut off.
        """
        split = len(self.first)
        own, driven = np.zeros((split + len(self.second),) * 2), np.zeros((steps, split
                                                                          + len(self.second)))
        own[:split, split:], own[split:, :split] = self.weights["back"], self.weights["forward"]
        np.fill_diagonal(own, UNIT)
        driven[:, :split] = self.weights["into"] @ self._pixels + UNIT * np.asarray(noise)
        driven[:, split:] = UNIT * np.asarray(nudge)
        driven += HALF
        state = np.concatenate([self.first, self.second]).astype(np.float64)
        for step in range(steps):
            state = np.floor((own @ state + driven[step]) / (2 * HALF))
            state = np.minimum(np.maximum(state, 0), TOP)
        found = state.astype(np.int64)
        self.first, self.second = found[:split], found[split:]

    def _learn(self) -> None:
        draw = self._draw(LEARN_AT)
        for name, pre, contrast in (("into", self._pixels, self.contrast[0]),
                                    ("forward", self.first, self.contrast[1]),
                                    ("back", self.second, self.contrast[0])):
            trace = np.rint(pre / 2).astype(np.int64)
            lesson = sum(-sign * np.maximum(sign * contrast, 0)[:, None] * trace >> DROPPED
                         for sign in (1, -1))
            total = (self.tags[name] << FRACTION_BITS) + (
                lesson << FRACTION_BITS - self.numbers.slowness)
            self.tags[name] = _rounded(total, draw)

    def _carry(self) -> None:
        """A tag beyond +-64 gives its weight 1; at +-64 exactly one half, by the draw."""
        draw = self._draw(PERIOD - 1)
        for name, tags in self.tags.items():
            sides = np.sign(tags - CARRY) + np.sign(tags + CARRY)
            total = (self.weights[name] << FRACTION_BITS) + CARRY * sides
            self.weights[name] = np.clip(_rounded(total, draw), WEIGHT_MIN, WEIGHT_MAX)
            self.tags[name] = tags - CARRY * sides

    def _draw(self, at: int) -> float:
        step = self._samples * PERIOD + at
        return float(self._draws.for_step(step).synapse[step])


def _rounded(total: Ints, draw: float) -> Ints:
    whole = total >> FRACTION_BITS
    found: Ints = whole + (draw < (total - (whole << FRACTION_BITS)) / (1 << FRACTION_BITS))
    return found
