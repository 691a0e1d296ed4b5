"""The rules that plastic projections keep beside those of all projections."""

from __future__ import annotations

import math

import numpy as np

from neuromorph.errors import NetworkError, did_you_mean
from neuromorph.learning import LearningRule
from neuromorph.learning.first_synapses import check_sign
from neuromorph.network.credit import credit
from neuromorph.network.model import THIRD, Network, Projection
from neuromorph.numerics import limits
from neuromorph.numerics.synapse import bits_of


def check_plasticity(projection: Projection, network: Network) -> None:
    """Check the rule, its third factors, and that the first weights obey its sign.

    Raises
    ------
    NetworkError
    """
    rule = projection.rule
    if rule is not None and not isinstance(rule, LearningRule):
        raise NetworkError("a projection learns by a LearningRule", where=projection.name,
                           found=type(rule).__name__)
    if rule is None:
        raise NetworkError("third factors need a learning rule", where=projection.name,
                           found=", ".join(filter(None, projection.modulators)))
    if projection.delay:
        raise NetworkError("a plastic projection has no delay", where=projection.name,
                           found=projection.delay, hint="put a relay neuron before it")
    if rule.payload == "overwrite" and not projection.graded:
        raise NetworkError("payloads can only overwrite x1 in a graded projection",
                           where=projection.name)
    _check_modulators(projection, rule, network)
    _check_sign(projection, rule, network.domain)


def _check_modulators(projection: Projection, rule: LearningRule, network: Network) -> None:
    if len(projection.modulators) != len(THIRD):
        raise NetworkError("there are three third factors, some of them None",
                           where=projection.name, found=len(projection.modulators))
    known = network.by_name
    for trace, name in zip(THIRD, projection.modulators, strict=True):
        if name is None:
            continue
        if name not in known:
            raise NetworkError(f"the third factor {trace} names no population", found=name,
                               where=projection.name, hint=did_you_mean(name, known))
        if known[name].size != known[projection.post].size:
            raise NetworkError(f"the third factor {trace} has another size than post",
                               where=projection.name, found=known[name].size,
                               expected=known[projection.post].size)
        if _is_wide(name, network) and known[name].is_source:
            raise _too_wide(trace, name, network)
    own = [y for y in THIRD if rule.impulse(y) or rule.tau(y) < math.inf]
    if projection.modulated and own:
        raise NetworkError("with a third factor y1, y2 and y3 have no impulse and no time "
                           "constant of their own", where=projection.name, found=", ".join(own))


def check_third_factors(network: Network) -> None:
    """Check that a third factor with payloads wider than a trace never sends more than one holds.

    Ranges are derived of a sound network only, so this comes after all other rules.

    Raises
    ------
    NetworkError
    """
    wide = [(trace, name) for p in network.plastic
            for trace, name in zip(THIRD, p.modulators, strict=True)
            if name is not None and _is_wide(name, network)]
    sent = credit(network).promises if wide else {}
    for trace, name in wide:
        low, high = int(sent[name].span.low.min()), int(sent[name].span.high.max())
        if low < 0 or high > limits.TRACE_MAX:
            raise _too_wide(trace, name, network, f", {low} to {high}")


def _is_wide(name: str, network: Network) -> bool:
    """Whether integers that it sends may be more than a trace holds, whatever arrives.

    Of a source only the width counts: `bounds.source_range` keeps its trains to what a trace holds.
    """
    if network.domain != "fixed":
        return False
    population = network.population(name)
    if population.is_source:
        return population.model.payload_bits > limits.TRACE_BITS + 1
    low, high = population.model.widest(population.size)
    return bool(low.min() < 0 or high.max() > limits.TRACE_MAX)


def _too_wide(trace: str, name: str, network: Network, span: str = "") -> NetworkError:
    bits = network.population(name).model.payload_bits
    return NetworkError(f"the third factor {trace} is a trace of 7 bits and a sign",
                        where=name, found=f"a payload of {bits} bits{span}",
                        expected=f"at most {limits.TRACE_BITS + 1} bits, or neurons that are "
                        f"proved to send 0 to {limits.TRACE_MAX}")


def _check_sign(projection: Projection, rule: LearningRule, domain: str) -> None:
    w = projection.weights
    check_sign(w, rule, where=projection.name)
    if domain == "fixed" and rule.sign == "mixed" and bits_of(w) & 1:
        raise NetworkError("mixed-sign weights must be even: the synapse drops the lowest bit",
                           where=projection.name, hint="store twice the value")
    if domain == "fixed" and w.min() < -limits.WEIGHT_MAX and rule.sign == "inhibitory":
        raise NetworkError("a weight does not fit an inhibitory synapse", where=projection.name,
                           found=int(np.min(w)), expected=f"at least {-limits.WEIGHT_MAX}")
