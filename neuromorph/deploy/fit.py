"""When a bundle does not fit: what it needs, and what would help."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from neuromorph.bundle import Bundle
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.compile import Unit, fits, prepared
from neuromorph.compile.packing.demand import demands, lower_bound, totals
from neuromorph.compile.packing.limits import limits_of
from neuromorph.deploy.half_steps import other_units
from neuromorph.deploy.units import Memory, units_of, with_query_bits
from neuromorph.errors import FitError
from neuromorph.profiles import Profile


def needs_of(units: Sequence[Unit], profile: Profile) -> dict[str, int]:
    """Amounts by resource, and the cores that these alone take."""
    limits = limits_of(profile)
    found = [demands(unit, limits) for unit in prepared(units, profile)]
    return {**totals(found, limits), "cores at least": lower_bound(found, limits)[0]}


def changes_for(
    bundle: Bundle, units: Sequence[Unit], profile: Profile, memory: Memory, error: FitError,
    board: str | None = None,
) -> list[str]:
    """What would make it fit, as sentences; amounts are tried, not guessed.

    Parameters
    ----------
    bundle : Bundle
    units : sequence of Unit
    profile : Profile
    memory : {"static", "plastic"}
    error : FitError
        What was in the way.
    board : str, optional
        Name of a profile that takes the units.
    """
    heads = [head for code in bundle.codes.values() for head in code.heads]
    other = ([] if board is None else
             [f"Compile for `--profile {board}`, the smallest that would do."])
    if heads[0].input_bits > profile.neuron.input_bits:
        return [*other,
                "Export again for Loihi 1, whose registers are narrower: `--target loihi1`."]
    if heads[0].graded and not profile.neuron.programmable:
        return [*other, "Pass `--programmable` if the chip can run neurons of our own.",
                "Export again with plain spikes, for stock neurons: `--spikes binary`."]
    return [*other, *_hint(error), *_single(bundle, heads[0], profile, memory),
            *_shorter(bundle, profile, memory),
            *_narrower(heads, units, profile, memory), *_fewer(bundle, units, profile)]


def _hint(error: FitError) -> list[str]:
    return [] if error.hint is None else [error.hint[:1].upper() + error.hint[1:] + "."]


def _single(
    bundle: Bundle, head: LatencyAttention, profile: Profile, memory: Memory
) -> Iterator[str]:
    """One match neuron a key in place of two."""
    if head.neurons_per_key > 1 and memory == "static":
        units = tuple(unit for layer in other_units(bundle, paired=False) for unit in layer)
        if fits(units, profile):
            yield ("One match neuron a key would fit: half steps by a ramp of twice the steps "
                   "(export with `--prefer cores`).")


def _shorter(bundle: Bundle, profile: Profile, memory: Memory) -> Iterator[str]:
    """The context, halved until it fits."""
    slots = max(code.shared.slots for code in bundle.codes.values())
    while slots > 1:
        slots //= 2
        if fits(units_of(bundle, memory, slots=slots), profile):
            yield f"A context of {slots} slots would fit, twice as many do not."
            return


def _narrower(
    heads: Sequence[LatencyAttention], units: Sequence[Unit], profile: Profile, memory: Memory
) -> Iterator[str]:
    """The query's bits, where each takes synapses; a code of n bits and a sign has n + 1."""
    if profile.neuron.graded_spikes or memory == "plastic":
        return
    widest = max(head.query_limit for head in heads).bit_length()
    for bits in range(widest, 1, -1):
        if fits(with_query_bits(units, bits), profile):
            yield f"Queries of {bits} bits would fit (export with `--query-bits {bits}`)."
            return


def _fewer(bundle: Bundle, units: Sequence[Unit], profile: Profile) -> Iterator[str]:
    """The first layers; heads do not talk to each other, so that boards can share a model."""
    ends = np.cumsum([len(code.heads) for code in bundle.codes.values()]).tolist()
    fit = bisect_left(ends, True, key=lambda end: not fits(units[:end], profile))
    if fit:
        yield f"The first {fit} of {len(ends)} layers would fit; other boards can take the rest."
