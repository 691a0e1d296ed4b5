"""What may be chosen: kinds of spikes, slots, and options along axes of a few values each.

The large differences lie between kinds and in slots. Bits of keys and values are here only where a
profile stores weights in as few bits as they need. Not here: on Loihi 2 bits of queries, which are
payloads; and steps, windows or margins head by head, which gained nothing at equal KL.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from neuromorph.circuits.latency_attention import SpikeKind
from neuromorph.errors import UsageError
from neuromorph.shown import Shown
from neuromorph.translate import TranslateOptions

MOST_SLOTS = 1 << 15
WAYS = (-1, 1)
"""Down and up an axis."""

DOUBLINGS = 2
"""How often slots are doubled, to show what longer contexts cost."""


@dataclass(frozen=True, repr=False)
class Kind(Shown):
    """A kind of spikes.

    Attributes
    ----------
    name : str
    spikes : {"graded", "binary"}
    neurons : int
        Match neurons a key.
    late : bool
        Whether keys below the window are dropped, which two neurons always do here.
    step_nats : float, optional
        The only step that it has.
    halved : bool
        Whether it comes to half steps by steps of half the size.
    """

    name: str
    spikes: SpikeKind
    neurons: int = 1
    late: bool = False
    step_nats: float | None = None
    halved: bool = False

    def of(self, options: TranslateOptions) -> TranslateOptions | None:
        """These options with this kind; None where their target has no such spikes."""
        if self.has(options):
            return options
        step = options.step_nats * (2 if kind_of(options) == LONG.name else 1)
        return changed(
            options, spikes=self.spikes, neurons_per_key=self.neurons,
            late_flush=True if self.late and self.neurons == 1 else None,
            step_nats=self.step_nats or step / (2 if self.halved else 1))

    def has(self, options: TranslateOptions) -> bool:
        """Whether options are of this kind."""
        if (options.spikes, options.neurons_per_key) != (self.spikes, self.neurons):
            return False
        return self.neurons > 1 or bool(options.pause) == self.late


LONG = Kind("long ramp", "binary", late=True, halved=True)
"""Half steps by one neuron and twice the steps, as `--prefer cores` has them."""

KINDS = (
    Kind("graded", "graded", step_nats=math.log(2)),
    Kind("pairs", "binary", neurons=2, late=True),
    LONG,
    Kind("binary", "binary"),
)
"""All kinds that are tried, and nowhere else a list of them."""

AXES: Mapping[str, tuple[float, ...]] = {
    "window_nats": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.5, 9.0, 11.0),
    "step_nats": (0.25, math.log(2) / 2, 0.5, math.log(2), 0.9, 1.2),
    "margin_nats": (0.0, 0.35, 0.7, 1.4),
    "headroom": (1.0, 1.1, 1.25),
}
BITS = (4, 5, 6, 7, 8)
"""Of queries on Loihi 1, where each is a copy of the keys' synapses; of keys and values where a
profile stores weights in as few bits as they need."""


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


def axes_of(options: TranslateOptions, *, fitted: bool = False) -> tuple[str, ...]:
    """The options that are changed one by one, those that cost most first.

    ``fitted`` says that weights of fewer bits take less memory.
    """
    return (*(["value_bits", "key_bits"] if fitted else []), *AXES,
            *(["query_bits"] if options.target == "loihi1" else []))


def value_of(options: TranslateOptions, axis: str) -> float:
    """Where options are on an axis."""
    value = getattr(options, axis)
    if value is None:  # query bits, which then follow the target
        return options.query_limit.bit_length() + 1
    return float(value)


def moved(options: TranslateOptions, axis: str, way: int) -> TranslateOptions | None:
    """Options a place further along an axis, down (-1) or up (1); None at its end."""
    now = value_of(options, axis)
    values = AXES.get(axis, BITS)
    further = [value for value in values if (value - now) * way > 0]
    if not further:
        return None
    return changed(options, **{axis: min(further, key=lambda value: abs(value - now))})
