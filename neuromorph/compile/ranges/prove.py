"""Range proof: can any integer accumulator of a network overflow, whatever it is fed?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral

import numpy as np

from neuromorph.circuits import hebbian_attention, latency_attention
from neuromorph.circuits.hebbian_attention import HebbianAttention
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.compile.ranges.learning import bound_learning
from neuromorph.compile.ranges.neurons import bound_population
from neuromorph.compile.ranges.proof import Bound, RangeProof
from neuromorph.errors import NetworkError, RangeProofError, UsageError, did_you_mean
from neuromorph.network import Network, Projection
from neuromorph.network.bounds import payload_ranges, source_range
from neuromorph.numerics.interval import Interval
from neuromorph.numerics.limits import INPUT_BITS

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
        An attention circuit that is as its builder builds it has a proof of its own, for the
        stimulus of its own, which is tighter: that proof is taken.
    sources : mapping of source name to (low, high), optional
        What a source sends; if left out, all that its payload can hold. Silence is always
        possible.
    input_bits : int
        Width of a step's synaptic input, in units of v. One as wide as u has no bound of its
        own: then u has it.

    Raises
    ------
    UsageError
        If a name is no source, or a range is none or wider than the payload.
    """
    given = {name: _given_range(network, name, span) for name, span in (sources or {}).items()}
    if network.domain == "float":
        return RangeProof(network.name, "float domain")
    if _has_own_proof(network):
        return RangeProof(network.name, "motif")
    ranges = payload_ranges(network, given)
    neurons = [bound for population in network.populations
               if not population.is_source
               for bound in bound_population(network, population, ranges, input_bits)]
    learners = [bound for p in network.plastic for bound in bound_learning(p, ranges)]
    return RangeProof(network.name, "bounds", (*neurons, *learners))


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
    proof = prove_ranges_of(network, sources, input_bits=input_bits)
    for bound in proof.unproved:
        if one_period and bound.status == "one period":
            continue
        low, high = ("without end" if end is None else end for end in (bound.low, bound.high))
        raise RangeProofError(f"the {bound.accumulator} could overflow",
                              where=f"{network.name}.{bound.where}", found=f"{low} to {high}",
                              expected=f"{bound.lowest} to {bound.highest}",
                              hint=f"most of it comes from {bound.worst}; {bound.remedy}")
    return proof


def _given_range(network: Network, name: str, span: tuple[int, int]) -> Interval:
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
    size = known[name].size
    return Interval(np.full(size, min(low, 0), np.int64), np.full(size, max(high, 0), np.int64))


def _has_own_proof(network: Network) -> bool:
    """Whether the network is, to the last synapse, what the builder of its motif builds.

    The builder proves the motif; a network that only carries its name gets no such credit.
    """
    try:
        built = _rebuilt(network)
    except NetworkError:
        return False
    return (built is not None and built.populations == network.populations
            and built.schedule == network.schedule
            and len(built.projections) == len(network.projections)
            and all(map(_alike, built.projections, network.projections)))


def _rebuilt(network: Network) -> Network | None:
    """What the builder makes of the motif, and of the keys, values and slots in the synapses."""
    motif, weights = network.motif, {p.name: p.weights for p in network.projections}
    if isinstance(motif, HebbianAttention):
        return hebbian_attention.build(motif.head)
    if not (isinstance(motif, LatencyAttention) and {"key", "value", "sweep"} <= weights.keys()):
        return None
    return latency_attention.build(motif, -(weights["key"] // 2), weights["value"].T // 2,
                                   weights["sweep"][:, 0] != 0)


def _alike(one: Projection, other: Projection) -> bool:
    same = all(getattr(one, f.name) == getattr(other, f.name) for f in fields(one)
               if f.name != "weights")
    return same and np.array_equal(one.weights, other.weights)
