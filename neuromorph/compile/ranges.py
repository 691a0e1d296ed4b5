"""Range proof: can any integer accumulator of a network overflow, whatever it is fed?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral

import numpy as np

from neuromorph.circuits.latency_attention import LatencyAttention, build
from neuromorph.compile.range_learning import bound_learning
from neuromorph.compile.range_neurons import bound_population
from neuromorph.compile.range_proof import Bound, RangeProof
from neuromorph.errors import NetworkError, RangeProofError, UsageError, did_you_mean
from neuromorph.network import Network, Source, to_text
from neuromorph.network.bounds import Interval, payload_ranges, source_range

__all__ = ["Bound", "RangeProof", "prove_ranges_of", "require_proof"]


def prove_ranges_of(
    network: Network, sources: Mapping[str, tuple[int, int]] | None = None
) -> RangeProof:
    """Bound every accumulator by weights, payloads and decays alone; nothing is run.

    ::

        a_in    within [sum_j W+ low_j + W- high_j, sum_j W+ high_j + W- low_j] << exponent
        x       <= floor(4096 (A - 1) / decay) + 1       x' = trunc(x (4096 - decay) / 4096) + A

    W+ and W- are the weights' positive and negative parts, of a plastic projection those that
    its sign allows. x is a current or a potential, A the largest push in its direction; without
    decay it is bounded within one period of the schedule at most. What counts as an overflow
    is what `Recording.overflows` counts, and besides a sum beyond the 32 bits of stock Dense,
    and a learning rule's sum that saturates where the weight would not.

    Parameters
    ----------
    network : Network
        A `LatencyAttention` that is as its builder builds it has a proof of its own, for the
        stimulus of its own, which is tighter: that proof is taken.
    sources : mapping of source name to (low, high), optional
        What a source sends; if left out, all that its payload can hold. Silence is always
        possible.

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
               if not isinstance(population.model, Source)
               for bound in bound_population(network, population, ranges)]
    learners = [bound for p in network.plastic for bound in bound_learning(p, ranges)]
    return RangeProof(network.name, "bounds", (*neurons, *learners))


def require_proof(
    network: Network, sources: Mapping[str, tuple[int, int]] | None = None, *,
    one_period: bool = False,
) -> RangeProof:
    """The proof of `prove_ranges_of`, if it holds.

    Parameters
    ----------
    network, sources
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
    proof = prove_ranges_of(network, sources)
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
    known = {p.name: p for p in network.populations if isinstance(p.model, Source)}
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
    head = network.motif
    names = {p.name for p in network.projections}
    if not (isinstance(head, LatencyAttention) and {"key", "value", "sweep"} <= names):
        return False
    keys, values, held = (network.projection(name).weights for name in ("key", "value", "sweep"))
    try:
        built = build(head, -(keys // 2), values.T // 2, held[:, 0] != 0)
    except (NetworkError, IndexError):
        return False
    return to_text(replace(built, name=network.name)) == to_text(network)
