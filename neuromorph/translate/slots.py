"""How long a context gets room, where nobody says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from neuromorph.translate.options import TranslateOptions
from neuromorph.translate.samples import Sample


def with_slots(
    options: TranslateOptions, samples: Mapping[str, Sequence[Sample]], *,
    most: int | None = None, least: int = 1,
) -> TranslateOptions:
    """Slots that follow the data, unless the options say how many.

    The longest sample, or ``least``, rounded up to a power of two; but no more than ``most``,
    the longest sequence that the model takes. Twice the context that calibration saw is the
    most that its windows bear.
    """
    if options.slots is not None:
        return options
    longest = max(sample.keys.shape[1] for seen in samples.values() for sample in seen)
    return replace(options, slots=slots_for(longest, most=most, least=least))


def slots_for(longest: int, *, most: int | None = None, least: int = 1) -> int:
    """Of sequences of so many tokens at most; see `with_slots`."""
    rounded = 1 << (max(longest, least) - 1).bit_length()
    return max(longest, min(rounded, most or rounded))
