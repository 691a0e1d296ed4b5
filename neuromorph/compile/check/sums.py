"""What a neuron's synapses add up to, whatever relays and stand-ins they come by.

::

    a_in[t] = sum of W s[t - 1 - delay]  +  sum of (sum of W s[t - 1 - delay]) >> n

Shifts that lose nothing are part of W. One that rounds stays apart: what it rounds is a whole sum.
A relay sends its own sum on, a step later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

import numpy as np

from neuromorph.compile.check.memo import Memo
from neuromorph.compile.check.models import number
from neuromorph.compile.check.placed import Bundle, Group
from neuromorph.numerics.limits import EXPONENT_MIN, STATE_MAX
from neuromorph.shapes import Int64, Integer
from neuromorph.shown import Shown

Matrix: TypeAlias = Annotated[Integer, "..."]
Axon: TypeAlias = tuple[str, bool, int]
"""Where spikes come from, whether their payloads count, and their delay."""

Form: TypeAlias = dict[Axon, Matrix]
"""Weights by axon, each of shape (post, pre)."""

Range: TypeAlias = tuple[Annotated[Int64, "_"], Annotated[Int64, "_"]]
"""Least and most that each neuron of a population sends."""


PLAIN: Range = (np.zeros(1, np.int64), np.ones(1, np.int64))


class TangledError(Exception):
    """Relays that are not joined as sums in parts can be; the text says how."""


@dataclass(repr=False)
class Sum(Shown):
    """The input of a population.

    Attributes
    ----------
    exact : Form
    rounded : list of (n, Form)
        Sums that are shifted right by n, and lose bits by it.
    """

    exact: Form = field(default_factory=dict)
    rounded: list[tuple[int, Form]] = field(default_factory=list)

    def add(self, form: Form, exponent: int, memo: Memo) -> None:
        """Add a shifted sum."""
        moved = {axon: memo(shifted, weights, exponent) for axon, weights in form.items()}
        if any(weights is None for weights in moved.values()):
            self.rounded.append((-exponent, form))
            return
        for axon, weights in moved.items():
            if weights is not None:
                self.exact[axon] = self.exact[axon] + weights if axon in self.exact else weights


def shifted(
    weights: Annotated[Integer, "*shape"], exponent: int
) -> Annotated[Int64, "*shape"] | None:
    """Weights times a power of two; None if a bit is lost."""
    wide = weights.astype(np.int64)
    if exponent >= 0:
        return wide << exponent
    return None if (wide & (1 << -exponent) - 1).any() else wide >> -exponent


def sum_to(
    post: Group, bundles: Iterable[Bundle], relays: Mapping[str, Sum], memo: Memo, *,
    fractions: bool = False,
) -> Sum:
    """The sum of what some projections bring to a port of a population.

    Parameters
    ----------
    post : Group
    bundles : iterable of Bundle
        All to that port.
    relays : mapping of population name to Sum
        What relays send.
    memo : Memo
    fractions : bool
        Count in fractions of the potential's unit, of which no shift loses any.

    Raises
    ------
    TangledError
    """
    more = post.input_shift - EXPONENT_MIN if fractions else 0
    found = Sum()
    for bundle in bundles:
        weights, exponent = bundle.weights, bundle.exponent + more
        if bundle.pre not in relays:
            found.add({(bundle.pre, bundle.graded, bundle.delay): weights}, exponent, memo)
            continue
        if not bundle.graded:
            raise TangledError(f"{bundle.name} counts the spikes of relays, not what they carry")
        sent = relays[bundle.pre]
        found.add(_through(bundle, weights, sent.exact), exponent, memo)
        for lost, form in sent.rounded:
            if exponent or not _one_to_one(weights):
                raise TangledError(f"{bundle.name} changes a sum that was rounded")
            found.rounded.append((lost, _through(bundle, weights, form)))
    return found


def sent_by_relays(
    relays: Mapping[str, Group], bundles: Iterable[Bundle], ranges: Mapping[str, Range],
    memo: Memo,
) -> dict[str, Sum]:
    """What each relay sends, in the spikes of what is none.

    Raises
    ------
    TangledError
        If relays go round in a circle, round twice, or could leave their payload.
    """
    to: dict[str, list[Bundle]] = {name: [] for name in relays}
    for bundle in bundles:
        if bundle.post in to:
            to[bundle.post].append(bundle)
    found: dict[str, Sum] = {}
    while len(found) < len(relays):
        ready = [name for name in relays if name not in found
                 and all(b.pre in found or b.pre not in relays for b in to[name])]
        if not ready:
            raise TangledError("relays send to each other in a circle")
        for name in ready:
            arriving = sum_to(relays[name], to[name], found, memo)
            found[name] = _sent(relays[name], arriving, ranges, memo)
    return found


def _sent(
    relay: Group, arriving: Sum, ranges: Mapping[str, Range], memo: Memo
) -> Sum:
    if arriving.rounded:
        raise TangledError(f"{relay.name} adds up sums that were rounded")
    shift = number(relay.parameters, "shift")
    if not _holds(arriving.exact, shift, ranges):
        raise TangledError(f"{relay.name} could leave its payload of 24 bits")
    sent = Sum()
    sent.add(arriving.exact, -shift, memo)
    return sent


def _holds(form: Form, shift: int, ranges: Mapping[str, Range]) -> bool:
    """Whether no spikes can bring a shifted sum beyond 24 bits."""
    low = high = np.zeros(1, np.int64)
    for (name, graded, _), weights in form.items():
        least, most = ranges[name] if graded else PLAIN
        ends = weights * least, weights * most
        low = low + np.minimum(*ends).sum(axis=1)
        high = high + np.maximum(*ends).sum(axis=1)
    return bool(low.min() >> shift >= -STATE_MAX and high.max() >> shift <= STATE_MAX)


def _through(bundle: Bundle, weights: Matrix, form: Form) -> Form:
    """What a projection behind relays brings, a step and its delay later."""
    return {(name, graded, delay + 1 + bundle.delay): _product(weights, inner)
            for (name, graded, delay), inner in form.items()}


def _product(weights: Matrix, inner: Matrix) -> Matrix:
    """``weights @ inner``; integers have no fast product, but most relays send to one neuron."""
    rows, columns = np.nonzero(weights)
    weights, inner = weights.astype(np.int64), inner.astype(np.int64)
    if len(np.unique(rows)) < len(rows):
        return weights @ inner
    product = np.zeros((len(weights), inner.shape[1]), np.int64)
    product[rows] = weights[rows, columns][:, None] * inner[columns]
    return product


def _one_to_one(weights: Matrix) -> bool:
    """Whether each neuron gets what one relay sends, as it is."""
    return bool((weights.sum(axis=1) == 1).all() and ((weights == 0) | (weights == 1)).all())
