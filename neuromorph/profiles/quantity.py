"""A number of a profile with where it is from, and how the fields of a section are declared."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

Confidence: TypeAlias = Literal["published", "estimated", "assumed"]
Kind: TypeAlias = Literal["measured", "simulated", "scaled", "inherited", "derived"]

KINDS: dict[Kind, tuple[Confidence, ...]] = {
    "measured": ("published", "estimated"),
    "simulated": ("published", "estimated"),
    "scaled": ("estimated", "assumed"),
    "derived": ("estimated", "assumed"),
    "inherited": ("assumed",),
}
"""How a constant came about, and how sure one can then be of it on *this* chip: a kind says what
was done, a confidence what the number is worth here. What another chip gave is only assumed."""

LARGEST = 2**40
"""Above any capacity of a core or a board; what is larger is a slip."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Date = Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}){0,2}$")]


class Strict(BaseModel):
    """No unknown fields, no conversions (a bool is no int), nothing infinite, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Quantity(Strict):
    """One value of a profile.

    Attributes
    ----------
    value : int, float or bool
    unit : str
        The one unit of the field: `unit_of` names it.
    source : str
        The publication, program or argument that the value is from.
    confidence : {"published", "estimated", "assumed"}
        Printed by the maker or measured; derived from what is; or chosen for want of either.
    kind : {"measured", "simulated", "scaled", "inherited", "derived"}, optional
        Of a constant of energy, time or power: how it came about.
    date : str, optional
        Of such a constant: when its source was published, ``2018``, ``2025-11`` or to the day.
    low, high : float, optional
        Its ends, where the source has a range; `value` is between them.
    """

    value: Any
    unit: Text
    source: Text
    confidence: Confidence
    kind: Kind | None = None
    date: Date | None = None
    low: float | None = None
    high: float | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest value; both are `value` where the source has one number."""
        return (self.value if self.low is None else self.low,
                self.value if self.high is None else self.high)


class Section(Strict):
    """Plain values of one table of a profile."""


def count(unit: str, meaning: str, low: int = 1, high: int = LARGEST) -> Any:
    """Declare a field that holds a whole number in ``[low, high]``."""
    return Field(ge=low, le=high, description=meaning, json_schema_extra={"unit": unit})


def measure(unit: str, meaning: str, low: float, high: float) -> Any:
    """Declare a field that holds a number in ``[low, high]``."""
    return Field(ge=low, le=high, description=meaning, json_schema_extra={"unit": unit})


def flag(meaning: str) -> Any:
    """Declare a field that holds true or false."""
    return Field(description=meaning, json_schema_extra={"unit": "bool"})


def constant(unit: str, meaning: str, low: float, high: float) -> Any:
    """Declare a constant of a cost set in ``[low, high]``; a set may lack it."""
    return Field(default=None, ge=low, le=high, description=meaning,
                 json_schema_extra={"unit": unit})


def picojoules(meaning: str, least: float = 0.01) -> Any:
    """Declare an energy; an energy in joules is far below its range."""
    return constant("pJ", meaning, least, 1e5)


def nanoseconds(meaning: str, least: float = 0.01) -> Any:
    """Declare a time; a time in seconds is far below its range."""
    return constant("ns", meaning, least, 1e7)


def milliwatts(meaning: str) -> Any:
    """Declare a power; a power in watts is below its range."""
    return constant("mW", meaning, 1, 1e5)


SMALLEST_AMOUNT = 0.01


def _zero_or_plausible(value: float) -> float:
    if 0 < value < SMALLEST_AMOUNT:
        raise ValueError("neither zero nor plausible")
    return value


Amount = Annotated[float, AfterValidator(_zero_or_plausible)]
"""A measure that may be zero, for what a source does not tell apart."""


def unit_of(field: FieldInfo) -> str:
    """The unit that a field's value has."""
    extra = field.json_schema_extra
    return str(extra["unit"]) if isinstance(extra, dict) else ""


def number_type(field: FieldInfo) -> type:
    """``int``, ``float`` or ``bool``: what a field holds where it is there."""
    kinds = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    declared: Any = kinds[0] if kinds else field.annotation
    kind: type = get_args(declared)[0] if get_args(declared) else declared
    return kind


def expectation(field: FieldInfo) -> str:
    """What a field takes, in words: ``a whole number, 1 to 1024 (neurons)``."""
    if number_type(field) is bool:
        return "true or false"
    bounds = {type(m).__name__: m for m in field.metadata}
    low, high = getattr(bounds["Ge"], "ge", None), getattr(bounds["Le"], "le", None)
    kind = "a whole number" if number_type(field) is int else "a number"
    or_zero = "0, or " if low == 0 and kind == "a number" else ""
    least = SMALLEST_AMOUNT if or_zero else low
    return f"{or_zero}{kind}, {least:.15g} to {high:.15g} ({unit_of(field)})"
