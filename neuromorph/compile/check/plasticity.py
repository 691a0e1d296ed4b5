"""What a profile's learning engine can do."""

from __future__ import annotations

from collections.abc import Iterator

from neuromorph.compile.check.placed import Bundle, Circuit, Placed
from neuromorph.compile.check.report import Violation
from neuromorph.learning import LearningRule
from neuromorph.learning.terms import ACCUMULATOR_BITS
from neuromorph.profiles import Learning, Profile

SUM_BITS = ACCUMULATOR_BITS + 1  # and the sign
TRACES = {"pre_traces": ("x1", "x2"), "post_traces": ("y1", "y2", "y3")}


def check_plasticity(placed: Placed, profile: Profile) -> Iterator[Violation]:
    """Rules, traces, tags and third factors that the profile does not have."""
    for where, circuit, bundle in placed.all_bundles():
        if bundle.rule is None:
            if any(bundle.modulators):
                yield Violation("third factors", where, "no learning rule", "with a rule only")
        elif not profile.learning.allowed:
            yield Violation("plastic synapses", where, "a learning rule", "none")
        else:
            yield from _check_arithmetic(where, bundle.rule, profile.learning)
            yield from _check_traces(where, bundle, bundle.rule, profile.learning)
            yield from _check_third(where, circuit, bundle, profile.learning)


def _check_arithmetic(where: str, rule: LearningRule, learning: Learning) -> Iterator[Violation]:
    """Constants in range, and sums as wide as the fixed domain computes them."""
    if learning.accumulator_bits < SUM_BITS:
        yield Violation("accumulator_bits of the profile", where, SUM_BITS,
                        learning.accumulator_bits)
    for term in (*rule.weight_terms, *rule.tag_terms):
        for name, low, high in (
            ("mantissa", learning.mantissa_min, learning.mantissa_max),
            ("exponent", learning.exponent_min, learning.exponent_max),
        ):
            if not low <= getattr(term, name) <= high:
                yield Violation(f"{name} of a learning rule", where, str(term), f"{low} to {high}")


def _check_traces(
    where: str, bundle: Bundle, rule: LearningRule, learning: Learning
) -> Iterator[Violation]:
    used = {factor.variable for term in (*rule.weight_terms, *rule.tag_terms)
            for factor in term.factors}
    for side, names in TRACES.items():
        traces, most = used.intersection(names), getattr(learning, side)
        if len(traces) > most:
            yield Violation(side, where, ", ".join(sorted(traces)), most)
    largest = (1 << learning.trace_bits) - 1
    for name in (name for names in TRACES.values() for name in names):
        if rule.impulse(name) > largest:
            yield Violation(f"impulse of the trace {name}", where, rule.impulse(name), largest)
    if bundle.tagged and not learning.tag_bits:
        yield Violation("tags", where, "a rule with a tag", "none")
    if rule.payload == "overwrite" and not learning.payload_to_trace:
        yield Violation("payloads that set x1", where, "overwrite", "impulse")
    if bundle.delay:
        yield Violation("delay of plastic synapses", where, bundle.delay, 0)


def _check_third(
    where: str, circuit: Circuit, bundle: Bundle, learning: Learning
) -> Iterator[Violation]:
    if any(bundle.modulators) and not learning.three_factor:
        yield Violation("third factors", where, ", ".join(filter(None, bundle.modulators)), "none")
    for name in filter(None, bundle.modulators):
        third, post = circuit.groups[name], circuit.groups[bundle.post]
        if third.size != post.size:
            yield Violation(f"neurons of the third factor {name}", where, third.size, post.size)
        if third.payload_bits > learning.trace_bits + 1:
            yield Violation(f"payload of the third factor {name}", where,
                            f"{third.payload_bits} bits", f"{learning.trace_bits + 1} bits")
