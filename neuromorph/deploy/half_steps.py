"""What heads of plain spikes would cost the other way: two neurons a key, or one.

::

    climb c = window - pause of two neurons a key, in whole steps
    two neurons a key, or whole steps    arrival + c + 1
    one neuron, a ramp of twice the steps    arrival + 2 c + 1

Cores are counted on networks of the same keys and values, built with as many neurons.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any, Literal, TypeAlias

import numpy as np

from neuromorph.bundle import Bundle
from neuromorph.circuits.latency_attention import LatencyAttention, build
from neuromorph.circuits.latency_attention.pair import largest_part
from neuromorph.circuits.latency_attention.rules import SCORE
from neuromorph.compile import Unit, prepared
from neuromorph.compile.packing.demand import demands, lower_bound
from neuromorph.compile.packing.limits import limits_of
from neuromorph.errors import RangeProofError, escaped
from neuromorph.network import Network
from neuromorph.numerics.limits import DECAY_UNITY, INPUT_BITS
from neuromorph.profiles import Profile
from neuromorph.translate import LayerCode, Sample, TranslateOptions
from neuromorph.translate.feasible import draft_head
from neuromorph.translate.options import STEP_NATS

Way: TypeAlias = Literal["pairs", "longer", "whole"]

WAYS: dict[Way, str] = {"pairs": "--prefer steps", "longer": "--prefer cores",
                        "whole": "--neurons-per-key 1"}
"""All ways, and how an export is asked for each."""


def way_of(head: LatencyAttention) -> Way:
    """How a head of plain spikes tells parts of a step, or that it does not."""
    if head.neurons_per_key > 1:
        return "pairs"
    return "longer" if head.pause else "whole"


def half_steps(bundle: Bundle, profile: Profile, least: int) -> list[dict[str, Any]]:
    """Steps and cores of every way; none of graded spikes.

    Parameters
    ----------
    bundle : Bundle
    profile : Profile
    least : int
        Cores that the bundle itself takes at least.
    """
    heads = [head for code in bundle.codes.values() for head in code.heads]
    if heads[0].graded:
        return []
    own = way_of(heads[0])
    cores = {own == "pairs": least, own != "pairs": _cores(bundle, profile, own != "pairs")}
    return [{"way": way, "option": option, "own": way == own, "cores_at_least": cores[
                way == "pairs"], "median_steps": median(steps_in(head, way) for head in heads)}
            for way, option in WAYS.items()]


def steps_in(head: LatencyAttention, way: Way) -> int:
    """Steps from one query to the next, were the head of another way; its own are exact."""
    own = way_of(head)
    if way == own:
        return head.period
    climb = (head.window - (head.pause or 1)) / (2 if own == "longer" else 1)
    return head.arrival + 1 + math.ceil(climb * (2 if way == "longer" else 1))


def other_units(bundle: Bundle, *, paired: bool) -> Iterator[tuple[Unit, ...]]:
    """The heads of each layer with two neurons a key, or with one: what they take, not say."""
    for name, code in bundle.codes.items():
        yield tuple(Unit(f"{escaped(name)}.{h}", network) for h, network in
                    enumerate(_networks(code, bundle.samples[name], 2 if paired else 1)))


def _cores(bundle: Bundle, profile: Profile, paired: bool) -> int | None:
    """Cores at the least; None where no circuit has so many neurons and slots."""
    limits = limits_of(profile)
    try:
        found = [demands(unit, limits) for units in other_units(bundle, paired=paired)
                 for unit in prepared(units, profile)]
    except RangeProofError:
        return None
    return lower_bound(found, limits)[0]


def _networks(code: LayerCode, sample: Sample, neurons: int) -> Iterator[Network]:
    head = _other(code.heads[0], neurons)
    keys = np.clip(code.encode_keys(sample.keys)[0], -head.key_limit, head.key_limit)
    scale = head.value_limit / code.shared.value_limit
    values = np.rint(code.encode_values(sample.values)[0] * scale).astype(np.int32)
    fill = np.arange(head.slots) % keys.shape[1]
    for h in range(len(code.heads)):
        yield build(head, keys[h // code.group][fill], values[h // code.group][fill])


def _other(head: LatencyAttention, neurons: int) -> LatencyAttention:
    """A head of as many slots, sizes and bits; its ramp climbs a step only."""
    part = largest_part(head.value_limit, head.control_decay, head.neurons_per_key)
    draft = draft_head(head.slots, head.key_size, head.value_size, TranslateOptions(
        spikes="binary", step_nats=_step_nats(head),
        target="loihi2" if head.input_bits == INPUT_BITS else "loihi1",
        query_bits=_bits(head.query_limit), key_bits=_bits(head.key_limit),
        # Whole units bound values by the slots, whatever their width.
        value_bits=8 if way_of(head) == "whole" else _bits(part), neurons_per_key=neurons))
    draft = replace(draft, window=draft.pause + 1)
    if not head.bias_limit:
        return draft
    roomy = replace(draft, key_shift=draft.key_shift + 1)
    return replace(roomy, bias_limit=min(head.bias_limit, SCORE.spare(roomy)))


def _bits(limit: int) -> int:
    return max(2, limit.bit_length() + 1)


def _step_nats(head: LatencyAttention) -> float:
    """Of the decay register, as far as options go; sizes do not depend on it."""
    kept = max(1 - head.control_decay / DECAY_UNITY, math.exp(-STEP_NATS[1]))
    return max(-math.log(kept), STEP_NATS[0])
