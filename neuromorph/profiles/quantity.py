"""A number of a profile with where it is from, and how the fields of a section are declared."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

Confidence: TypeAlias = Literal["published", "estimated", "assumed"]

LARGEST = 2**40
"""Above any capacity of a core or a board; what is larger is a slip."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


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
    """

    value: Any
    unit: Text
    source: Text
    confidence: Confidence


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


def picojoules(meaning: str) -> Any:
    """Declare an energy; an energy in joules is far below its range."""
    return measure("pJ", meaning, 0.01, 1e5)


def nanoseconds(meaning: str) -> Any:
    """Declare a time; a time in seconds is far below its range."""
    return measure("ns", meaning, 0.01, 1e7)


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


def expectation(field: FieldInfo) -> str:
    """What a field takes, in words: ``a whole number, 1 to 1024 (neurons)``."""
    if field.annotation is bool:
        return "true or false"
    bounds = {type(m).__name__: m for m in field.metadata}
    low, high = getattr(bounds["Ge"], "ge", None), getattr(bounds["Le"], "le", None)
    kind = "a whole number" if field.annotation is int else "a number"
    or_zero = "0, or " if low == 0 and kind == "a number" else ""
    least = SMALLEST_AMOUNT if or_zero else low
    return f"{or_zero}{kind}, {least:.15g} to {high:.15g} ({unit_of(field)})"
