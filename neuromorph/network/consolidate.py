"""What plastic projections have learned becomes data: a network to go on with.

==========  =================================================================================
frozen      the weights as they are, in static synapses: no rule, no third factors
anchored    the weights in static synapses, and beside them plastic ones that begin at 0 and
            fade by ``anchor`` every 2^k epochs: new learning, held to what is old
log8        w <- w 2^(t / 16): the rule adds to tags, the host rebuilds weights (Dale's law)
==========  =================================================================================

`anchored` is the anchor of continual learning, dw = ... - anchor (w - w_old), in words that a
learning engine has: it knows no constant of a synapse's own, but a synapse beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import (
    LearningRuleError,
    TensorError,
    UnsupportedError,
    UsageError,
    did_you_mean,
)
from neuromorph.learning import LearningRule
from neuromorph.learning.products import product, series
from neuromorph.network.model import Domain, Network, Projection
from neuromorph.network.ports import Port
from neuromorph.network.verify import verify
from neuromorph.numerics.limits import WEIGHT_MAX, WEIGHT_MIN
from neuromorph.numerics.log8 import LogWeights, quantise_log8
from neuromorph.shapes import Num
from neuromorph.shown import Shown

How: TypeAlias = Literal["frozen", "anchored", "log8"]
Learned: TypeAlias = Mapping[str, tuple[Annotated[Num, "_ _"], Annotated[Num, "_ _"]]]
"""Weights and tags by projection, as `Recording.synapses` has them."""

ANCHOR = 2.0**-6


@dataclass(frozen=True, eq=False, repr=False)
class Consolidated(Shown):
    """A network to go on with.

    Attributes
    ----------
    network : Network
    codes : mapping of projection name to LogWeights
        Of log8: what to begin the next consolidation from, so that nothing is rounded twice.
    """

    network: Network
    codes: Mapping[str, LogWeights] = field(default_factory=dict)


def consolidate(
    network: Network, learned: Learned, how: How, *, anchor: float = ANCHOR, every: int = 0,
    codes: Mapping[str, LogWeights] | None = None,
) -> Consolidated:
    """The network after a task, with what it has learned as its weights.

    Parameters
    ----------
    network : Network
        As it was run.
    learned : mapping of projection name to (weights, tags)
        As a run recorded them; projections that are not named stay as they are.
    how : {"frozen", "anchored", "log8"}
    anchor : float
        Of anchored: m 2^e, what new weights lose every 2^every epochs.
    every : int
        0 to 9; a rule with a u_k of its own keeps that.
    codes : mapping of projection name to LogWeights, optional
        Of log8: what an earlier consolidation gave.

    Raises
    ------
    UsageError
        If there is no such way, or no such plastic projection.
    TensorError
        If weights or tags do not fit their projection.
    UnsupportedError
        If the projection belongs to a circuit that proves itself as a whole: slots of keys.
    LearningRuleError
        If the rule learns in another way than ``how`` asks for.
    """
    if how not in get_args(How):
        raise UsageError("no such consolidation", found=how, expected=", ".join(get_args(How)))
    _check_names(network, learned)
    made: dict[str, LogWeights] = {}
    projections: list[Projection] = []
    earlier = {p.name for name in learned for p in _earlier(network, name)}
    for projection in network.projections:
        name = projection.name
        if name not in learned:
            projections += [projection] if name not in earlier else []
            continue
        weights, tags = _checked(projection, learned[name], network.domain)
        if how == "log8":
            before = (codes or {}).get(name) or quantise_log8(projection.weights)
            made[name] = _compatible(projection, before).learned(tags)
            projections.append(_rebuilt(projection, made[name], network.domain))
            continue
        projections += _static(projection, weights, network)
        if how == "anchored":
            rule = _anchored(projection, anchor, every, network.domain)
            projections.append(replace(projection, weights=np.zeros_like(weights), rule=rule))
    ports = tuple(_as_free(network, port) for port in network.outputs)
    after = replace(network, projections=tuple(projections), outputs=ports)
    return Consolidated(verify(after), made)


def _check_names(network: Network, learned: Learned) -> None:
    known = [p.name for p in network.plastic]
    if not learned:
        raise UsageError("nothing was learned", where=network.name,
                         hint=f"plastic projections: {', '.join(known) or 'none'}")
    for name in learned:
        if name not in known:
            raise UsageError("the network has no such plastic projection", where=network.name,
                             found=name, hint=did_you_mean(name, known) or "it has none")
        for part in network.parts:
            if name in {here for _, here in part.projections}:
                raise UnsupportedError(
                    f"these synapses are the memory of the circuit {part.circuit.kind}, which "
                    "proves its ranges as a whole; its slots are overwritten, not learned",
                    where=name, hint="compile the bundle with static memory to keep what is in it")


def _checked(
    projection: Projection, learned: tuple[NDArray[Any], NDArray[Any]], domain: Domain
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weights and tags of the projection's shape; in the fixed domain, what synapses hold."""
    shape = projection.weights.shape
    for what, found in zip(("weights", "tags"), learned, strict=True):
        values = np.asarray(found)
        where = f"{projection.name}, {what}"
        if values.shape != shape or values.dtype.kind not in "iuf":
            raise TensorError(f"these {what} are of another projection", where=where,
                              found=f"{values.dtype}, shape {values.shape}",
                              expected=f"numbers, shape {shape}")
        if not np.isfinite(values).all():
            raise TensorError(f"{what} hold NaN or infinity", where=where)
        if domain == "fixed" and (values != np.rint(values)).any():
            raise TensorError(f"{what} of integers are whole numbers", where=where)
    weights, tags = (np.asarray(one) for one in learned)
    if domain == "float":
        return weights.astype(np.float64), tags
    return weights.astype(np.int32), tags.astype(np.int64)


def _earlier(network: Network, name: str) -> list[Projection]:
    """What earlier consolidations kept of a projection."""
    return [p for p in network.projections if p.rule is None
            and p.name in {f"{name}.{side}" for side in ("kept", "kept_up", "kept_down")}]


def _static(
    projection: Projection, weights: NDArray[Any], network: Network
) -> Iterator[Projection]:
    """All that was learned in synapses that do not learn; odd ones of both signs take two."""
    total = weights + sum(p.weights for p in _earlier(network, projection.name))
    if network.domain == "fixed" and not WEIGHT_MIN <= total.min() <= total.max() <= WEIGHT_MAX:
        raise TensorError("weights do not fit a synapse", where=projection.name,
                          found=f"{total.min()} to {total.max()}",
                          expected=f"{WEIGHT_MIN} to {WEIGHT_MAX}")
    still = replace(projection, rule=None, modulators=(None, None, None))
    odd = network.domain == "fixed" and total.min() < 0 < total.max() and (total % 2).any()
    sides: Iterable[tuple[str, NDArray[Any]]] = (
        (("kept", total),) if not odd else
        (("kept_up", np.maximum(total, 0)), ("kept_down", np.minimum(total, 0))))
    for name, side in sides:
        yield replace(still, name=f"{projection.name}.{name}", weights=side)


def _anchored(projection: Projection, anchor: float, every: int, domain: Domain) -> LearningRule:
    rule = _rule(projection)
    if not rule.weight_terms:
        raise LearningRuleError("this rule does not change the weight", where=projection.name,
                                hint="log8 rebuilds weights of tags; frozen keeps them")
    if any(f.variable == "t" for term in rule.weight_terms for f in term.factors):
        raise LearningRuleError("the weight follows the tag, and a tag begins at 0: it cannot be "
                                "held to an old one", where=projection.name, found=rule.dw,
                                hint="frozen keeps the weights as they are")
    if rule.sign != "mixed":
        raise LearningRuleError("synapses of one sign could not take back what is old",
                                where=projection.name, found=rule.sign, expected="mixed")
    k = every if rule.decimation is None else rule.decimation
    if isinstance(k, bool) or not isinstance(k, int) or not 0 <= k <= 9:
        raise UsageError("no such pace", where="every", found=repr(every), expected="0 to 9")
    return replace(rule, dw=series(product(-anchor, f"u{k}*w", domain), rule.dw.strip()
                                   .removeprefix("dw").lstrip(" =")))


def _compatible(projection: Projection, before: LogWeights) -> LogWeights:
    rule = _rule(projection)
    if rule.weight_terms or not rule.tag_terms:
        raise LearningRuleError("log8 rebuilds weights of tags: the rule says dt alone",
                                where=projection.name, found=f"dw={rule.dw!r}, dt={rule.dt!r}")
    if before.codes.shape != projection.weights.shape:
        raise TensorError("these codes are of another projection", where=projection.name,
                          found=f"shape {before.codes.shape}",
                          expected=f"shape {projection.weights.shape}")
    return before


def _rebuilt(projection: Projection, held: LogWeights, domain: Domain) -> Projection:
    if domain == "float":
        return replace(projection, weights=held.weights)
    step = 2 if held.signs.size and held.signs.min() < 0 < held.signs.max() else 1
    weights = step * np.rint(held.weights / step)
    return replace(projection, weights=np.clip(weights, -WEIGHT_MAX, WEIGHT_MAX).astype(np.int32))


def _rule(projection: Projection) -> LearningRule:
    if projection.rule is None:  # names were checked
        raise UsageError("the projection is not plastic", where=projection.name)
    return projection.rule


def _as_free(network: Network, port: Port) -> Port:
    """An output that says no more than its neurons may send: weights are others now."""
    free = Port.of(network.population(port.population), port.steps, port.says)
    return replace(free, name=port.name, stride=port.stride)
