"""What a person wants kept, as ``kl<=0.01``: a metric of an evaluation, and its limit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from neuromorph.errors import UsageError, did_you_mean
from neuromorph.shown import Shown

Found: TypeAlias = Mapping[str, Any]
"""What `neuromorph.api.evaluate` says of a model."""

Sense: TypeAlias = Literal["<=", ">="]

TINY = 1e-12
"""What a shortfall is measured in where the limit is as strict as can be."""

_WISH = re.compile(r"\s*([A-Za-z][\w-]*)\s*(<=|>=|==|<|>|=)\s*([^\s<>=]+)\s*")


@dataclass(frozen=True, repr=False)
class Metric(Shown):
    """A figure of an evaluation.

    Attributes
    ----------
    name : str
    sense : {"<=", ">="}
        Whether small or large is good.
    best : float
        What a model that loses nothing has.
    says : str
        In words.
    of : callable
        The figure; None where the evaluation does not know it.
    """

    name: str
    sense: Sense
    best: float
    says: str
    of: Callable[[Found], float | None]


def _named(name: str) -> Callable[[Found], float | None]:
    return lambda found: found.get(name)


def _least_cosine(found: Found) -> float | None:
    return min(found["cosine_by_layer"], default=None)


METRICS = {metric.name: metric for metric in (
    Metric("kl", "<=", 0.0, "KL to float, nat a token", _named("kl")),
    Metric("perplexity_ratio", "<=", 1.0, "ratio of perplexities", _named("perplexity_ratio")),
    Metric("top1", ">=", 1.0, "same likeliest token", _named("top1")),
    Metric("cosine", ">=", 1.0, "cosine of the answer to float's", _named("cosine")),
    Metric("hidden", ">=", 1.0, "least cosine of hidden states, over layers", _least_cosine),
    Metric("score", ">=", 1.0, "share of right answers", _named("score")),
)}


@dataclass(frozen=True, repr=False)
class Wish(Shown):
    """One metric, and its limit."""

    metric: Metric
    limit: float

    def __str__(self) -> str:
        return f"{self.metric.name}{self.metric.sense}{self.limit:.12g}"

    def value(self, found: Found) -> float:
        """The figure.

        Raises
        ------
        UsageError
            If the evaluation does not know it.
        """
        value = self.metric.of(found)
        if value is None:
            raise _unknown(self, [name for name, metric in METRICS.items()
                                  if metric.of(found) is not None])
        return float(value)

    def shortfall(self, found: Found) -> float:
        """How far beyond the limit, in parts of what the limit allows; 0 or less if it is kept.

        ::

            (value - limit) / |limit - best|        for what shall be small, else its negative
        """
        beyond = self.value(found) - self.limit
        scale = max(abs(self.limit - self.metric.best), TINY)
        return (beyond if self.metric.sense == "<=" else -beyond) / scale


def check_known(wishes: Sequence[Wish], known: Sequence[str]) -> None:
    """Refuse a metric that an evaluation of a model does not know.

    Raises
    ------
    UsageError
    """
    for wish in wishes:
        if wish.metric.name not in known:
            raise _unknown(wish, known)


def _unknown(wish: Wish, known: Sequence[str]) -> UsageError:
    return UsageError("an evaluation of this model does not know that metric", where="keep",
                      found=wish.metric.name, expected=" or ".join(known))


def shortfall(wishes: Sequence[Wish], found: Found) -> float:
    """Of the wish that is missed most."""
    return max(wish.shortfall(found) for wish in wishes)


def parse_keep(text: str) -> tuple[Wish, ...]:
    """Wishes, with commas between them.

    Parameters
    ----------
    text : str
        As ``kl<=0.01`` or ``kl<=0.01, top1>=0.95``.

    Raises
    ------
    UsageError
        If a metric is not known, a limit no finite number, or a comparison the wrong way round.
    """
    wishes = tuple(_parsed(part) for part in str(text).split(","))
    twice = [w.metric.name for n, w in enumerate(wishes) if w.metric in
             [other.metric for other in wishes[:n]]]
    if twice:
        raise UsageError("a metric has two limits", where="keep", found=twice[0])
    return wishes


def _parsed(text: str) -> Wish:
    match = _WISH.fullmatch(text)
    if match is None:
        raise UsageError("what shall be kept cannot be read", where="keep", found=repr(text),
                         expected="METRIC<=NUMBER or METRIC>=NUMBER, as 'kl<=0.01'",
                         hint=f"metrics: {', '.join(METRICS)}; quote it, for the shell")
    name, sense, number = match.groups()
    metric = METRICS.get(name.replace("-", "_").lower())
    if metric is None:
        raise UsageError("no such metric", where="keep", found=name,
                         hint=did_you_mean(name, METRICS))
    if sense != metric.sense:
        raise UsageError("that comparison keeps nothing", where="keep", found=f"{name}{sense}",
                         expected=f"{metric.name}{metric.sense}NUMBER")
    return Wish(metric, _limit(metric, number))


def _limit(metric: Metric, text: str) -> float:
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    below, above = (metric.best, math.inf) if metric.sense == "<=" else (-1.0, metric.best)
    if not (math.isfinite(limit) and below <= limit <= above):
        raise UsageError("the limit is no number that could be kept", where=metric.name,
                         found=text, expected=f"a number of at least {below:g}"
                         if metric.sense == "<=" else f"{below:g} to {above:g}")
    return limit
