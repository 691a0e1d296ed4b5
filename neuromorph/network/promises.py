"""Promises: what a population is known to send, step by step of a period, and in one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from neuromorph.network.ports import Course, Port
from neuromorph.numerics.interval import Interval, whole_root
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False)
class Turn:
    """What may be sent in some steps of a period, arrays of shape (size,).

    Attributes
    ----------
    steps : frozenset of int
    span : Interval
        Also at the start of a run, when what comes with a delay is still missing.
    usual : Interval
        From then on: what never is silent counts.
    """

    steps: frozenset[int]
    span: Interval
    usual: Interval

    def same(self, other: Turn) -> bool:
        """Whether it is the other in all."""
        return self.steps == other.steps and np.array_equal(
            (*self.span, *self.usual), (*other.span, *other.usual))


@dataclass(frozen=True, eq=False, repr=False)
class Promise(Shown):
    """What a population may send.

    Attributes
    ----------
    span : Interval
        In any step; arrays of shape (size,).
    turns : tuple of Turn, optional
        In which steps of a period what may be sent; silent in all others. Left out where it may
        speak in any step.
    norm : int, optional
        Bound on the 2-norm of one step's payloads, where it is less than the span's.
    alone : bool
        Whether at most one neuron speaks in a step.
    rivals : str
        What inputs have in common of which at most one speaks in a step.
    """

    span: Interval
    turns: tuple[Turn, ...] | None = None
    norm: int | None = None
    alone: bool = False
    rivals: str = ""

    @property
    def steps(self) -> frozenset[int] | None:
        """The steps in which it may speak; None for any."""
        if self.turns is None:
            return None
        return _steps_of(self.turns)

    def same(self, other: Promise) -> bool:
        """Whether it promises the same."""
        if not np.array_equal(self.span, other.span) or (
                self.norm, self.alone, self.rivals) != (other.norm, other.alone, other.rivals):
            return False
        mine, its = self.turns, other.turns
        if mine is None or its is None:
            return mine is its
        return len(mine) == len(its) and all(a.same(b) for a, b in zip(mine, its, strict=True))


class Lack(NamedTuple):
    """Why a promise does not keep what an input assumes."""

    what: str
    found: str
    needed: str


def promised_by(port: Port, own: int, period: int, offset: int = 0) -> Promise:
    """What a port says, in a network of a period of which its own is a part.

    Parameters
    ----------
    port : Port
    own : int
        Period that the port's steps count in; it divides ``period``.
    period : int
    offset : int
        Step of the whole in which the port's own period begins.
    """
    starts = range(offset, offset + period, own)

    def placed(steps: Iterable[int]) -> frozenset[int]:
        return frozenset((step + start) % period for step in steps for start in starts)

    turns = None
    if port.steps is not None:
        turns = tuple(Turn(placed(steps), span.with_silence, span) for steps, span in _turns(port))
    return Promise(port.assumed, turns, port.norm, port.alone, port.rivals)


def lacks(promise: Promise, wanted: Port, own: int, period: int, offset: int = 0) -> list[Lack]:
    """All that keeps a promise from lying within what an input assumes; empty if it does.

    Parameters
    ----------
    promise : Promise
        Over the period of the whole.
    wanted : Port
    own, period, offset : int
        As of `promised_by`.
    """
    if wanted.first:
        promise = _up_to_the_first(promise, own, period, offset)
    return [*_too_wide(promise.span, wanted), *_out_of_step(promise, wanted, own, offset),
            *_silent(promise, wanted, own, period, offset), *_too_long(promise, wanted),
            *_together(promise, wanted)]


def norm_of(promise: Promise) -> int:
    """Bound on the 2-norm of one step's payloads."""
    largest = np.maximum(-promise.span.low, promise.span.high)
    if promise.alone:
        largest = largest.max(keepdims=True)
    found = whole_root(sum(int(one) ** 2 for one in largest.tolist()))
    return found if promise.norm is None else min(found, promise.norm)


def told(sent: Interval) -> str:
    """The lowest and the highest of all neurons."""
    return f"{int(sent.low.min())} to {int(sent.high.max())}"


def told_steps(steps: Iterable[int] | None) -> str:
    """Some steps, as spans."""
    if steps is None:
        return "any step"
    found = sorted(steps)
    if not found:
        return "no step"
    edges = [0, *(n for n in range(1, len(found)) if found[n] != found[n - 1] + 1), len(found)]
    spans = [(found[a], found[b - 1]) for a, b in pairwise(edges)]
    what = "step " if len(found) == 1 else "steps "
    return what + ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in spans)


def _turns(port: Port) -> Iterator[tuple[tuple[int, ...], Interval]]:
    """Steps and spans of a port that has steps."""
    steps = port.steps or ()
    if port.course is not None:
        for start, stop, low, high in port.course:
            yield tuple(range(start, stop)), Interval.same(port.size, low, high)
    elif port.stride > 1:
        for turn in range(min(port.stride, len(steps))):
            yield steps[turn :: port.stride], _strided(port, turn)
    elif steps:
        yield steps, port.assumed


def _strided(port: Port, turn: int) -> Interval:
    its = np.arange(port.size) % port.stride == turn % port.stride
    return Interval(np.where(its, port.low, 0), np.where(its, port.high, 0))


def _up_to_the_first(promise: Promise, own: int, period: int, offset: int) -> Promise:
    """What may come first in a period of its own; what may be silent need not be the first."""
    if promise.turns is None:
        return promise
    counted = frozenset[int]()
    for start in range(offset, offset + period, own):
        for step in ((start + n) % period for n in range(own)):
            counted |= {step}
            if any(step in turn.steps and turn.usual.speaks for turn in promise.turns):
                break
    turns = tuple(Turn(turn.steps & counted, turn.span, turn.usual) for turn in promise.turns
                  if turn.steps & counted)
    span = Interval.hull((turn.span for turn in turns), len(promise.span.low))
    return Promise(span, turns, promise.norm, promise.alone)


def _too_wide(span: Interval, wanted: Port) -> Iterator[Lack]:
    if not span.within(wanted.low, wanted.high):
        yield Lack("a payload may leave the range that the input assumes", told(span),
                   f"{wanted.low} to {wanted.high}")


def _too_long(promise: Promise, wanted: Port) -> Iterator[Lack]:
    if wanted.norm is not None and (found := norm_of(promise)) > wanted.norm:
        yield Lack("the 2-norm of one step's payloads may exceed what the input assumes",
                   str(found), f"at most {wanted.norm}")


def _together(promise: Promise, wanted: Port) -> Iterator[Lack]:
    if wanted.alone and not promise.alone and wanted.size > 1:
        yield Lack("several neurons may speak in a step in which the input assumes one at most",
                   f"up to {wanted.size}", "one")


def _out_of_step(promise: Promise, wanted: Port, own: int, offset: int) -> Iterator[Lack]:
    """Steps are those of the consumer's own period."""
    if wanted.steps is None:
        return
    allowed = frozenset(wanted.steps)
    turns = promise.turns
    if turns is None:
        if len(allowed) < own:
            yield Lack("it speaks in steps in which the input must be silent", "any step",
                       told_steps(allowed))
            return
        turns = (Turn(allowed, promise.span, promise.span),)
    else:
        turns = tuple(Turn(frozenset((step - offset) % own for step in turn.steps), turn.span,
                           turn.usual) for turn in turns)
        outside = _steps_of(turns) - allowed
        if outside:
            yield Lack("it speaks in steps in which the input must be silent",
                       told_steps(outside), told_steps(allowed))
            return
    yield from _off_course(turns, wanted.course or ())
    if wanted.stride > 1:
        yield from _out_of_turn(turns, wanted)


def _off_course(turns: Sequence[Turn], course: Course) -> Iterator[Lack]:
    for start, stop, low, high in course:
        wanted = frozenset(range(start, stop))
        for turn in turns:
            kept = turn.usual.within(low, high) and turn.span.within(min(low, 0), max(high, 0))
            if wanted & turn.steps and not kept:
                worse = turn.span if turn.usual.within(low, high) else turn.usual
                yield Lack("a payload may leave the range that the input assumes in some steps",
                           f"{told(worse)} in {told_steps(wanted & turn.steps)}",
                           f"{low} to {high}")
                return


def _silent(
    promise: Promise, wanted: Port, own: int, period: int, offset: int
) -> Iterator[Lack]:
    """Steps of any of the consumer's periods in which it needs to hear something, and does not."""
    if promise.turns is None:
        return
    spoken = _steps_of(promise.turns)
    for start, stop, low, high in wanted.course or ():
        needed = {(step + begin + offset) % period for step in range(start, stop)
                  for begin in range(0, period, own)}
        if not low <= 0 <= high and needed - spoken:
            yield Lack("it is silent in steps in which the input must hear something",
                       told_steps(needed - spoken), f"{low} to {high}")
            return


def _steps_of(turns: Iterable[Turn]) -> frozenset[int]:
    return frozenset[int]().union(*(turn.steps for turn in turns))


def _out_of_turn(turns: Iterable[Turn], wanted: Port) -> Iterator[Lack]:
    for n, step in enumerate(wanted.steps or ()):
        allowed = _strided(wanted, n)
        for turn in turns:
            if step in turn.steps and not turn.span.within(allowed.low, allowed.high):
                yield Lack("neurons speak out of their turn", f"others in step {step}",
                           f"only every {wanted.stride}th, from {n % wanted.stride} on")
                return
