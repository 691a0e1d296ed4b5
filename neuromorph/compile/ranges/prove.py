"""Range proof: can any integer accumulator of a network overflow, whatever it is fed?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral

from neuromorph.compile.ranges.learning import bound_learning
from neuromorph.compile.ranges.neurons import bound_population
from neuromorph.compile.ranges.proof import Bound, RangeProof
from neuromorph.errors import RangeProofError, UsageError, did_you_mean
from neuromorph.network import Network, verify
from neuromorph.network.arrivals import Deliveries
from neuromorph.network.credit import Credit, credit
from neuromorph.network.promises import Promise, promised_by
from neuromorph.network.sources import source_range
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import INPUT_BITS, STATE_MAX

__all__ = ["Bound", "RangeProof", "prove_ranges_of", "require_proof"]


def prove_ranges_of(
    network: Network, sources: Mapping[str, tuple[int, int]] | None = None, *,
    input_bits: int = INPUT_BITS,
) -> RangeProof:
    """Bound every accumulator by weights, payloads and decays alone; nothing is run.

    ::

        a_in    within [sum_j W+ low_j + W- high_j, sum_j W+ high_j + W- low_j] << exponent
        x       <= floor(4096 (A - 1) / decay) + 1       x' = trunc(x (4096 - decay) / 4096) + A

    W+ and W- are the weights' positive and negative parts, of a plastic projection those that
    its sign allows. x is a current or a potential, A the largest push in its direction; without
    decay it is bounded within one period of the schedule at most. What counts as an overflow
    is what `Recording.overflows` counts, and a sum beyond the 32 bits of stock Dense. A learning
    rule's sum that clips where the weight would not is told, but is no overflow.

    Parameters
    ----------
    network : Network
        Parts that are as their circuits' builders build them, and hear only what their ports
        assume, have proofs of their own, which are tighter: these are taken.
    sources : mapping of source name to (low, high), optional
        What a source sends; if left out, what the port says that is its input, in the steps that
        it says; without a port, all that its payload can hold. Silence is always possible.
    input_bits : int
        Width of a step's synaptic input, in units of v. One as wide as u has no bound of its
        own: then u has it.

    Raises
    ------
    UsageError
        If a name is no source, or a range is none or wider than the payload.
    """
    verify(network)
    given = {name: _given(network, name, span) for name, span in (sources or {}).items()}
    if network.domain == "float":
        return RangeProof(network.name, "float domain")
    return proof_from(network, credit(network, given), input_bits)


def proof_from(network: Network, known: Credit, input_bits: int = INPUT_BITS) -> RangeProof:
    """The proof, from what is known of a sound network of the fixed domain."""
    sums, proved = Deliveries(), known.proved
    left = [p for p in network.populations if not p.is_source and p.name not in proved]
    neurons = [bound for population in left
               for bound in bound_population(network, population, known.promises, sums, input_bits)]
    learners = [bound for p in network.plastic if p.post not in proved
                for bound in bound_learning(p, known.promises, network.period)]
    told = [Bound(name, "sum", None, None, -STATE_MAX, STATE_MAX, "harmless", "", why)
            for one in known.believed for name, why in one.harmless.items()]
    told += [Bound(name, "payload", None, None, -STATE_MAX, STATE_MAX, "saturates", "", what)
             for one in known.believed for name, what in one.saturates.items()]
    return RangeProof(network.name, "bounds" if left else "circuits",
                      (*told, *neurons, *learners),
                      tuple(one.called for one in known.believed), known.doubts)


def require_proof(
    network: Network, sources: Mapping[str, tuple[int, int]] | None = None, *,
    one_period: bool = False, input_bits: int = INPUT_BITS,
) -> RangeProof:
    """The proof of `prove_ranges_of`, if it holds.

    Parameters
    ----------
    network, sources, input_bits
        As there.
    one_period : bool
        Whether it is enough that it holds from rest to the end of one period.

    Raises
    ------
    RangeProofError
        Naming the first accumulator that could overflow, and what would make it fit.
    UsageError
        As there.
    """
    return required(prove_ranges_of(network, sources, input_bits=input_bits),
                    one_period=one_period)


def required(proof: RangeProof, *, one_period: bool = False) -> RangeProof:
    """The proof, if it holds; raises as `require_proof`."""
    for bound in proof.unproved:
        if one_period and bound.status == "one period":
            continue
        low, high = ("without end" if end is None else end for end in (bound.low, bound.high))
        doubt = next((f"; {doubt}" for doubt in proof.doubts), "")
        raise RangeProofError(f"the {bound.accumulator} could overflow",
                              where=f"{proof.network}.{bound.where}", found=f"{low} to {high}",
                              expected=f"{bound.lowest} to {bound.highest}",
                              hint=f"most of it comes from {bound.worst}; {bound.remedy}{doubt}")
    return proof


def _given(network: Network, name: str, span: tuple[int, int]) -> Promise:
    known = {p.name: p for p in network.populations if p.is_source}
    if name not in known:
        raise UsageError("a range names no source of the network", found=name,
                         hint=did_you_mean(name, known))
    low, high = span
    lowest, highest = source_range(network, name) if network.domain == "fixed" else (low, high)
    if not (isinstance(low, Integral) and isinstance(high, Integral)
            and lowest <= low <= high <= highest):
        raise UsageError("this is no range of the source's payload", where=name,
                         found=f"{low} to {high}", expected=f"{lowest} to {highest}")
    low, high = min(int(low), 0), max(int(high), 0)
    for port in network.inputs:
        if port.population == name:
            course = port.course if (low, high) == (port.low, port.high) else None
            return promised_by(replace(port, low=low, high=high, course=course), network.period,
                               network.period)
    return Promise(Interval.same(known[name].size, low, high))
