"""Trials that are made up: what they lose and cost is a function of their options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from neuromorph.api.tuning.search import Search
from neuromorph.api.tuning.trial import By, Trial
from neuromorph.api.tuning.wish import parse_keep
from neuromorph.translate import TranslateOptions

Lost = Callable[[TranslateOptions], float]

FOUND: dict[str, Any] = {"kl": 0.0, "perplexity_ratio": 1.0, "top1": 1.0, "cosine": None,
                         "cosine_by_layer": [1.0, 1.0]}


def steps_of(options: TranslateOptions) -> float:
    """As of a circuit: what the window has, in steps."""
    free = 5 if options.spikes == "graded" else 0
    return 4 + (options.window_nats + 8 + options.margin_nats) / options.step_nats - free


def lost_of(options: TranslateOptions) -> float:
    """A narrow window, long steps and many slots lose; plain spikes of one neuron a key more."""
    half = options.spikes == "graded" or options.neurons_per_key > 1
    kind = 0.001 if half else 0.004
    return (kind * options.step_nats**2 * (options.slots or 1) / 512
            + 0.004 * 2.0**-options.window_nats)


def made_up(options: TranslateOptions, lost: Lost = lost_of, steps: Lost = steps_of) -> Trial:
    return Trial(options, {**FOUND, "kl": lost(options)},
                 {"steps": steps(options), "spikes": float(options.slots or 1), "forced": 0.0})


def search(keep: str = "kl<=0.01", *, default: TranslateOptions | None = None, by: By = "steps",
           most: int = 120, make: Callable[[TranslateOptions], Trial] = made_up) -> Search:
    def measure(options: Sequence[TranslateOptions]) -> list[Trial]:
        return [make(one) for one in options]

    return Search(default or TranslateOptions(slots=512), parse_keep(keep), by, measure, most)
