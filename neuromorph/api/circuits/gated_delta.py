"""A memory that learns by the gated delta rule: it fades, forgets along a key, and writes a value.

Keys come again with other values, and queries ask for the last value of a key. The memory of
Gated DeltaNet in plastic synapses, beside the same in floats and beside plain Hebb, which keeps
the old values too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, cast

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.digits_head import relative_error
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.api.equal import require_equal
from neuromorph.circuits import gated_delta
from neuromorph.circuits.gated_delta import PROBES, Codes, GatedDelta, Remembered, Rounding
from neuromorph.dynamics.gated_delta import DeltaSample, gated_delta_rule
from neuromorph.errors import UsageError
from neuromorph.network import Network
from neuromorph.progress import Progress
from neuromorph.report.gated_delta import Recall, draw_recall
from neuromorph.translate.delta_code import calibrate_delta

LONGEST = 4096


@dataclass(frozen=True)
class Settings:
    """Which associations come, and by what rule they are kept."""

    tokens: Annotated[int, Meaning("Associations that are written.", low=2, high=LONGEST)] = 96
    keys: Annotated[int, Meaning(
        "Different keys among them; each comes again with other values.", low=1,
        high=LONGEST)] = 8
    key_size: Annotated[int, Meaning("Size of a key.", low=1, high=gated_delta.KEYS_MAX - 1)] = 32
    value_size: Annotated[int, Meaning("Size of a value.", low=1, high=1024)] = 16
    keep: Annotated[float, Meaning(
        "Share of the memory that stays at each token.", above=0, high=1)] = 0.99
    rate: Annotated[float, Meaning(
        "Share of the error that a token corrects.", above=0, high=2)] = 0.9
    rounding: Annotated[str, Meaning(
        "random (as Loihi's learning rounds) or whole (products are whole: no draws).")] = "random"
    forget_key: Annotated[bool, Meaning(
        "Forget along the key; otherwise linear attention with decay.")] = True

    def __post_init__(self) -> None:
        check_limits(self)
        if self.rounding not in ("random", "whole"):
            raise UsageError("unknown rounding", where="rounding", found=repr(self.rounding),
                             expected="random or whole")


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(gated_delta.build(GatedDelta(2, 1, 1, -7, 12, 1, 1)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Write associations, ask after each for an earlier key, compare with floats and with Hebb."""
    sample, wanted = _associations(settings, np.random.default_rng(seed))
    code = calibrate_delta([sample], cast(Rounding, settings.rounding))
    codes, clipped, _ = code.encode(sample)
    progress(f"writing {settings.tokens} associations on {backend}")
    done = run_memory(code.numbers, codes, backend)
    answers = code.decode(done.answers)
    exact = gated_delta_rule(sample)
    hebb = gated_delta_rule(replace(sample, forgets_key=False))
    numbers = {
        "tokens": settings.tokens, "steps_a_token": gated_delta.PERIOD,
        "rounding": settings.rounding, "equal_to_closed_form": True,
        "cosine_to_floats": _cosine(answers, exact.outputs),
        "recall_error_of_spikes": relative_error(answers, wanted),
        "recall_error_of_floats": relative_error(exact.outputs, wanted),
        "recall_error_of_hebb": relative_error(hebb.outputs, wanted),
        "largest_weight": int(np.abs(done.weights).max()), "codes_clipped": clipped,
        "errors_clipped": done.clipped_errors, "weights_clipped": done.clipped_weights,
    }
    recall = Recall(code.memory(done.weights), exact.memory, answers, exact.outputs, hebb.outputs,
                    wanted)
    return Outcome(numbers, _sentences(numbers), partial(draw_recall, recall))


def run_memory(
    numbers: GatedDelta, codes: Codes, backend: str, network: Network | None = None,
    weights: NDArray[Any] | None = None,
) -> Remembered:
    """Run a sequence by the clock, and compare it with the closed form.

    ``weights`` are the memory before the first token, empty if left out.

    Raises
    ------
    DisagreementError
        Naming the first number that differs.
    """
    inputs, steps = gated_delta.stimulate(numbers, codes)
    recording = backends.get(backend).run(
        network or gated_delta.build(numbers, weights), inputs, PROBES, steps)
    answers, errors = gated_delta.read(*(recording.spikes(probe.target) for probe in PROBES))
    expected = gated_delta.remember(numbers, codes, weights)
    require_same("the gated delta memory", answers, errors, recording.synapses["memory"][0],
                 expected)
    return expected


def require_same(
    what: str, answers: NDArray[Any], errors: NDArray[Any], weights: NDArray[Any],
    expected: Remembered,
) -> None:
    """That a memory said, missed and kept what the closed form says.

    Raises
    ------
    DisagreementError
        Naming the first number that differs.
    """
    require_equal(what, "gated delta", (
        ("errors", errors, expected.errors), ("answers", answers, expected.answers),
        ("weights", weights, expected.weights)), "column")


def _associations(
    settings: Settings, rng: np.random.Generator
) -> tuple[DeltaSample, NDArray[np.float64]]:
    """Tokens whose keys come again, and the last values of the keys that are asked for."""
    known = rng.normal(size=(settings.keys, settings.key_size))
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    values = rng.normal(size=(settings.tokens, settings.value_size))
    which = rng.integers(settings.keys, size=settings.tokens)
    asked = np.array([which[rng.integers(t + 1)] for t in range(settings.tokens)])
    last = [int(np.flatnonzero(which[: t + 1] == key)[-1]) for t, key in enumerate(asked)]
    gates = np.full((2, settings.tokens), [[settings.keep], [settings.rate]])
    sample = DeltaSample(known[asked], known[which], values, gates[0], gates[1],
                         settings.forget_key)
    return sample, values[last]


def _cosine(found: NDArray[Any], target: NDArray[Any]) -> float:
    """0 where either is nothing, as at a rate of 1e-300."""
    lengths = float(np.linalg.norm(found) * np.linalg.norm(target))
    return float((found * target).sum()) / lengths if lengths else 0.0


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    done = (f"{numbers['tokens']} associations were written into plastic synapses, in "
            f"{numbers['steps_a_token']} steps each; errors, answers and synapses are those of "
            "the closed form, to the bit.")
    errors = ("Relative error of a recalled value, against the last one that its key was given: "
              f"the circuit {numbers['recall_error_of_spikes']:.3f}, floats "
              f"{numbers['recall_error_of_floats']:.3f}, linear attention without forgetting "
              f"along the key {numbers['recall_error_of_hebb']:.3f}.")
    same = f"Answers have cosine {numbers['cosine_to_floats']:.4f} with the same rule in floats."
    return done, same, errors
