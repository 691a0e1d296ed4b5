"""What may be chosen: kinds of spikes, slots, and options along axes of a few values each.

The large differences lie between kinds and in slots. Not here: bits of keys and values, since
synapses are stored in full width and fewer cost the same; on Loihi 2 bits of queries, which are
payloads; and steps, windows or margins head by head, which gained nothing at equal KL.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from neuromorph.errors import UsageError
from neuromorph.shown import Shown
from neuromorph.translate import TranslateOptions

MOST_SLOTS = 1 << 15
WAYS = (-1, 1)
"""Down and up an axis."""

DOUBLINGS = 2
"""How often slots are doubled, to show what longer contexts cost."""


@dataclass(frozen=True, eq=False, repr=False)
class Kind(Shown):
    """A kind of spikes.

    Attributes
    ----------
    name : str
    changes : mapping
        Fields of `TranslateOptions` that make options of this kind.
    """

    name: str
    changes: Mapping[str, Any]

    def of(self, options: TranslateOptions) -> TranslateOptions | None:
        """These options with this kind; None where their target has no such spikes."""
        return changed(options, **self.changes)

    def has(self, options: TranslateOptions) -> bool:
        """Whether options are of this kind."""
        return options.spikes == self.changes["spikes"] and all(
            getattr(options, name) == value for name, value in self.changes.items())


KINDS = (
    Kind("graded", {"spikes": "graded", "step_nats": math.log(2)}),
    Kind("binary", {"spikes": "binary"}),
)
"""All kinds that are tried, and nowhere else a list of them."""

AXES: Mapping[str, tuple[float, ...]] = {
    "window_nats": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.5, 9.0, 11.0),
    "step_nats": (0.25, 0.35, 0.5, math.log(2), 0.9, 1.2),
    "margin_nats": (0.0, 0.35, 0.7, 1.4),
    "headroom": (1.0, 1.1, 1.25),
}
QUERY_BITS = (4, 5, 6, 7, 8)
"""On Loihi 1, where each is a copy of the keys' synapses."""


def kind_of(options: TranslateOptions) -> str:
    """The name of their kind."""
    return next(kind.name for kind in KINDS if kind.has(options))


def changed(options: TranslateOptions, **changes: Any) -> TranslateOptions | None:
    """Options with changes; None where they do not go together."""
    try:
        return replace(options, **changes)
    except UsageError:
        return None


def slots_tried(least: int, positions: int | None, *, longer: bool) -> tuple[int, ...]:
    """The slots that are asked for, and twice and four times as many where a model takes them."""
    most = min(MOST_SLOTS, positions or MOST_SLOTS)
    doubled = [least << n for n in range(1, DOUBLINGS + 1)] if longer else []
    return (least, *(slots for slots in doubled if slots <= most))


def first_trials(options: TranslateOptions, slots: tuple[int, ...]) -> list[TranslateOptions]:
    """The options as they are, then every kind with every number of slots."""
    found = [options]
    for kind in KINDS:
        for count in slots:
            made = kind.of(replace(options, slots=count))
            if made is not None and made not in found:
                found.append(made)
    return found


def axes_of(options: TranslateOptions) -> tuple[str, ...]:
    """The options that are changed one by one, those that cost most first."""
    return (*AXES, *(["query_bits"] if options.target == "loihi1" else []))


def value_of(options: TranslateOptions, axis: str) -> float:
    """Where options are on an axis."""
    value = getattr(options, axis)
    if value is None:  # query bits, which then follow the target
        return options.query_limit.bit_length() + 1
    return float(value)


def moved(options: TranslateOptions, axis: str, way: int) -> TranslateOptions | None:
    """Options a place further along an axis, down (-1) or up (1); None at its end."""
    now = value_of(options, axis)
    values = AXES.get(axis, QUERY_BITS)
    further = [value for value in values if (value - now) * way > 0]
    if not further:
        return None
    return changed(options, **{axis: min(further, key=lambda value: abs(value - now))})
