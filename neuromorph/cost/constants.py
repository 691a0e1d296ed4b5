"""A set's constants, and what is missing among those that some work needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from neuromorph.errors import UsageError, did_you_mean
from neuromorph.profiles import Energy, Latency, Power, Profile
from neuromorph.profiles.quantity import Section
from neuromorph.shown import Shown

End: TypeAlias = Literal["low", "value", "high"]
Kind = TypeVar("Kind", bound=Section)
ENDS: tuple[End, ...] = ("low", "value", "high")


@dataclass(frozen=True, repr=False)
class Constants(Shown):
    """One set, at the low or the high ends of its constants, or at their values.

    Attributes
    ----------
    name : str
    energy, latency, power : Energy, Latency, Power
    missing : dict of str to None
        Paths of the constants that were asked for and are not there, in that order.
    """

    name: str
    energy: Energy
    latency: Latency
    power: Power
    missing: dict[str, None] = field(default_factory=dict)

    def price(self, table: str, name: str, count: float = 1.0) -> float | None:
        """A constant; 0 where nothing is counted; None, and noted, where the set lacks it."""
        value: float | None = getattr(getattr(self, table), name)
        if not count:
            return 0.0
        if value is None:
            self.missing[f"{table}.{self.name}.{name}"] = None
        return value


def constants_of(profile: Profile, name: str, end: End = "value") -> Constants:
    """A set of a profile, at one of its ends."""
    return Constants(name, _at(profile, "energy", profile.energy[name], name, end),
                     _at(profile, "latency", profile.latency[name], name, end),
                     _at(profile, "power", profile.power[name], name, end))


def _at(profile: Profile, table: str, section: Kind, name: str, end: End) -> Kind:
    if end == "value":
        return section
    ends: dict[str, float] = {}
    for field_name in type(section).model_fields:
        quantity = profile.quantities.get(f"{table}.{name}.{field_name}")
        if quantity is not None and getattr(section, field_name) is not None:
            ends[field_name] = quantity.ends[0 if end == "low" else 1]
    return section.model_copy(update=ends)


def costs_of(profile: Profile, name: str | None) -> str | None:
    """The set of constants of this name, or the default one; None if the profile has none.

    Raises
    ------
    UsageError
        If the profile has no set of this name.
    """
    if name is None:
        return profile.default_costs
    if name not in profile.energy:
        raise UsageError("the profile has no such set of costs", where=profile.name, found=name,
                         hint=did_you_mean(name, profile.energy))
    return name
