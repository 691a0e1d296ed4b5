"""A memory that keeps a first context while a second is written outside of its keys.

Fast weights of the delta rule behind a projector (Xiao et al., ICLR 2024): beside the same without
it, which forgets. Where it helps, and when rows run out: docs/plasticity.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.gated_delta import LONGEST, require_same, run_memory
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.circuits import projected_memory
from neuromorph.circuits.gated_delta import KEY_LIMIT, KEYS_MAX, Codes, GatedDelta, Remembered
from neuromorph.circuits.projected_memory import PROBES
from neuromorph.circuits.projector import Projector, quantise_rows
from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.errors import UsageError
from neuromorph.papers.hlop import leading_rows
from neuromorph.progress import Progress
from neuromorph.report.projected_memory import Forgetting, draw_forgetting_of_first
from neuromorph.translate import Caution
from neuromorph.translate.delta_code import DeltaCode, calibrate_delta

Floats = NDArray[np.float64]

ROOM = 0.5
"""Share of a key's dimensions up to which both contexts keep most of what they hold."""


class Context(NamedTuple):
    """Keys of norm 1, shape (keys, key_size), and their values, shape (keys, value_size)."""

    keys: Floats
    values: Floats


@dataclass(frozen=True)
class Settings:
    """Two contexts of random keys and values, one written after the other."""

    first: Annotated[int, Meaning(
        "Keys of the context that is to stay, and rows of the projector.", low=1,
        high=KEYS_MAX - 2)] = 8
    second: Annotated[int, Meaning(
        "Keys of the context that is written then.", low=1, high=KEYS_MAX - 2)] = 8
    key_size: Annotated[int, Meaning("Size of a key.", low=2, high=KEYS_MAX - 1)] = 32
    value_size: Annotated[int, Meaning("Size of a value.", low=1, high=1024)] = 16
    passes: Annotated[int, Meaning(
        "How often all of a context is written.", low=1, high=LONGEST)] = 30

    def __post_init__(self) -> None:
        check_limits(self)
        left = self.key_size - self.first
        if self.second > left:
            raise UsageError(
                "the rows run out: the second context has more keys than directions are left",
                where="projected memory",
                found=f"{self.second} keys; {self.first} rows of {self.key_size} dimensions "
                      f"leave {max(0, left)}",
                expected=f"first and second together at most {self.key_size}",
                hint="fewer keys of either context, or larger keys")
        tokens = self.passes * max(self.first, self.second)
        if tokens > LONGEST:
            raise UsageError("a context is written by too many tokens", where="passes",
                             found=f"{self.passes} passes, {tokens} tokens",
                             expected=f"at most {LONGEST} tokens")


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    rows = quantise_rows(np.array([[0.6, 0.8]]), limit=KEY_LIMIT)
    return backend.why_not(projected_memory.build(rows, GatedDelta(2, 1, 1, -7, 12, 1, 1)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Write one context, then another with and without the projector, and ask for the first."""
    rng = np.random.default_rng(seed)
    first, second = (_context(settings, count, rng) for count in (settings.first, settings.second))
    rows = leading_rows(first.keys, settings.first, np.zeros((0, settings.key_size)))
    both = coded(first, second, rows, settings.passes)
    progress(f"writing the first context on {backend}")
    held = as_first(run_memory(both.code.numbers, both.first, backend).weights)
    progress("writing the second, as it is")
    plain = run_memory(both.code.numbers, both.second, backend, weights=held)
    progress("writing the second, outside of the first")
    outside = run_projected(both.projector, both.code.numbers, both.second, held, backend)
    numbers: dict[str, Any] = {
        "first_keys": settings.first, "second_keys": settings.second,
        "key_size": settings.key_size, "rows": settings.first, "tokens": both.second.tokens,
        "equal_to_closed_form": True,
        "first_error_before": both.lost(held, first),
        "first_error_of_delta": both.lost(plain.weights, first),
        "first_error_of_projected": both.lost(outside.weights, first),
        "second_error_of_delta": both.lost(plain.weights, second),
        "second_error_of_projected": both.lost(outside.weights, second),
    }
    curve = Forgetting(
        f"{settings.first} + {settings.second} keys of {settings.key_size} dimensions",
        _curve(both.code, plain, first), _curve(both.code, outside, first),
        numbers["first_error_before"], numbers["second_error_of_delta"],
        numbers["second_error_of_projected"])
    return Outcome(numbers, _sentences(numbers), partial(draw_forgetting_of_first, curve),
                   _cautions(settings))


class Coded(NamedTuple):
    """Two contexts as a circuit takes them: the second asks for the first while it is written."""

    code: DeltaCode
    projector: Projector
    first: Codes
    second: Codes

    def lost(self, weights: NDArray[Any], context: Context) -> float:
        """|S k - v| / |v| over a context's pairs, in a memory of these weights."""
        missed = context.keys @ self.code.memory(weights).T - context.values
        return float(np.linalg.norm(missed) / np.linalg.norm(context.values))


def coded(first: Context, second: Context, rows: Floats, passes: int) -> Coded:
    """Integers for both contexts, of each of which nothing fades.

    Parameters
    ----------
    first, second : Context
    rows : float array, shape (rows, key_size)
        H: where the first context's keys live.
    passes : int
        How often each context is written.

    Raises
    ------
    CalibrationError, UsageError, TensorError
        If no scales fit, or the rows run out or are not orthonormal.
    """
    both = Context(*map(np.vstack, zip(first, second, strict=True)))
    code = calibrate_delta([_sample(both, both.keys, passes)],
                           remembering=backends.remembering(backends.DEFAULT))
    projector = quantise_rows(np.ascontiguousarray(rows @ code.key_turn.T), limit=KEY_LIMIT)
    return Coded(code, projector, *(code.encode(_sample(one, first.keys, passes))[0]
                                    for one in (first, second)))


def as_first(weights: NDArray[Any]) -> NDArray[np.int64]:
    """Weights of a memory as a network can begin with them: even, for they have either sign."""
    even: NDArray[np.int64] = np.asarray(weights, np.int64) & ~1
    return even


def run_projected(
    rows: Projector, numbers: GatedDelta, codes: Codes, weights: NDArray[Any], backend: str
) -> Remembered:
    """Write codes outside of the rows by the clock, and compare with the closed form.

    Raises
    ------
    DisagreementError
        Naming the first number that differs.
    """
    inputs, steps = projected_memory.stimulate(numbers, codes)
    recording = backends.get(backend).run(projected_memory.build(rows, numbers, weights), inputs,
                                          PROBES, steps)
    answers, errors = projected_memory.read(*(recording.spikes(p.target) for p in PROBES))
    expected = projected_memory.remember(rows, numbers, codes, weights)
    require_same("the projected memory", answers, errors,
                 recording.synapses["memory.memory"][0], expected)
    return expected


def _context(settings: Settings, count: int, rng: np.random.Generator) -> Context:
    keys = rng.normal(size=(count, settings.key_size))
    return Context(keys / np.linalg.norm(keys, axis=1, keepdims=True),
                   rng.normal(size=(count, settings.value_size)))


def _sample(context: Context, asked: Floats, passes: int) -> DeltaSample:
    """A context's pairs, as often, while the asked keys' values are read in turn."""
    tokens = passes * len(context.keys)
    whole = np.ones(tokens)
    return DeltaSample(np.resize(asked, (tokens, asked.shape[1])),
                       np.tile(context.keys, (passes, 1)), np.tile(context.values, (passes, 1)),
                       whole, whole)


def _curve(code: DeltaCode, done: Remembered, first: Context) -> Floats:
    """Error of the first's values at each token, over as many tokens as it has keys."""
    answers = code.decode(done.answers)
    missed = ((answers - np.resize(first.values, answers.shape)) ** 2).sum(axis=1)
    wanted = np.resize((first.values**2).sum(axis=1), len(missed))
    over = np.minimum(np.arange(1, len(missed) + 1), len(first.values))
    sums = (np.concatenate([[0.0], np.cumsum(one)]) for one in (missed, wanted))
    upto = np.arange(1, len(missed) + 1)
    lost, whole = (one[upto] - one[upto - over] for one in sums)
    errors: Floats = np.sqrt(np.maximum(lost, 0) / whole)
    return errors


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    kept = (f"After {numbers['tokens']} tokens of a second context, the values of the first have "
            f"a relative error of {numbers['first_error_of_projected']:.3f}; written as they are, "
            f"of {numbers['first_error_of_delta']:.3f} (before: "
            f"{numbers['first_error_before']:.3f}).")
    own = (f"The second context's own error is {numbers['second_error_of_projected']:.3f}, without "
           f"the projector {numbers['second_error_of_delta']:.3f}.")
    room = (f"{numbers['rows']} of {numbers['key_size']} dimensions are taken by the first; what "
            "the second needs of them it cannot have.")
    return kept, own, room, ("Answers, errors and synapses of all three runs are those of the "
                             "closed form, to the bit.")


def _cautions(settings: Settings) -> tuple[Caution, ...]:
    both = settings.first + settings.second
    if both <= ROOM * settings.key_size:
        return ()
    return (Caution("full-memory", "projected_memory",
                    f"{both} keys fill more than half of {settings.key_size} dimensions: the "
                    "second context changes the first, or is not learned itself. Take fewer keys, "
                    "or larger ones"),)
