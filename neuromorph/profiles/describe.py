"""A profile as plain data, for JSON and for tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from neuromorph.profiles.fields import SECTIONS, field_info
from neuromorph.profiles.load import load_profile
from neuromorph.profiles.profile import Profile
from neuromorph.profiles.quantity import Quantity, expectation


@dataclass(frozen=True)
class FieldText:
    """What a field is for: its name, what it takes, what it means."""

    name: str
    takes: str
    meaning: str


def fields_in_words() -> Iterator[FieldText]:
    """Every field that a profile has, in order; those of a set of costs once."""
    for table, kind in SECTIONS.items():
        for name in kind.model_fields:
            field = field_info((table, name))
            yield FieldText(f"{table}.{name}", expectation(field), field.description or "")


def overview(profile: Profile) -> dict[str, Any]:
    """The few values by which profiles are told apart."""
    return {
        "name": profile.name,
        "title": profile.title,
        "family": profile.family,
        "limited": profile.limited,
        "chips": profile.board.chips,
        "cores_usable": profile.cores_usable,
        "neurons_per_core": profile.core.neurons,
        "synapse_bits_per_core": profile.core.synapse_bits,
        "graded_spikes": profile.neuron.graded_spikes,
        "programmable": profile.neuron.programmable,
        "confidence": confidences(profile),
    }


def confidences(profile: Profile) -> dict[str, int]:
    """How many values are published, estimated and assumed."""
    found = Counter(quantity.confidence for quantity in profile.quantities.values())
    return {"published": found["published"], "estimated": found["estimated"],
            "assumed": found["assumed"]}


def description(profile: Profile) -> dict[str, Any]:
    """All of a profile, each value with unit, source and confidence."""
    return {
        "name": profile.name,
        "title": profile.title,
        "family": profile.family,
        "extends": list(profile.lineage),
        "notes": list(profile.notes),
        "cores_usable": profile.cores_usable,
        "default_costs": profile.default_costs,
        "confidence": confidences(profile),
        "values": {name: quantity.model_dump(exclude_none=True)
                   for name, quantity in profile.quantities.items()},
    }


def lacking(profile: Profile) -> dict[str, list[str]]:
    """Constants that each cost set does not have; what needs one of them gets no total."""
    return {name: [f"{table}.{field}" for table, section in (
        ("energy", profile.energy[name]), ("latency", profile.latency[name]),
        ("power", profile.power[name])) for field, value in section if value is None]
        for name in profile.energy}


def value_text(quantity: Quantity) -> str:
    """A value, and its ends where the source has a range: ``24.2 (15 to 38)``."""
    low, high = quantity.ends
    return f"{quantity.value}" if low == high else f"{quantity.value} ({low:g} to {high:g})"


def certainty(quantity: Quantity) -> str:
    """How sure it is, and how and when it came about: ``published, measured 2023``."""
    return quantity.confidence if quantity.kind is None else (
        f"{quantity.confidence}, {quantity.kind} {quantity.date}")


def changes(profile: Profile) -> dict[str, Quantity]:
    """What a profile that comes with the package says other than the one it extends."""
    inherited = load_profile(profile.lineage[0]).quantities if profile.lineage else {}
    return {name: quantity for name, quantity in profile.quantities.items()
            if inherited.get(name) != quantity}
