"""One population, one step: a compiled choice between the kernels of all neuron models."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from numba import njit

from neuromorph.neurons import NeuronModel
from neuromorph.numerics import scalar


def step_of(models: list[type[NeuronModel]]) -> Any:
    """A compiled function that steps a population of the model of that number.

    ::

        live = step(number, rests, own, state, arrived, sent, first, stop, t)

    It writes what neurons ``first`` to ``stop`` send, and their state. ``rests`` says that a
    neuron whose state is 0 stays so and is silent while nothing arrives: it is passed over.
    ``live`` says whether any neuron may do something by itself in the next step.
    """
    step: Any = njit(_no_model)
    for number, model in reversed(list(enumerate(models))):
        if not model.from_outside:
            step = _or_else(number, njit(_compilable(model.kernel)), step)
    return step


def _no_model(
    _kind: int, _rests: int, _own: Any, _state: Any, _arrived: Any, _sent: Any, _first: int,
    _stop: int, _t: int,
) -> bool:
    raise ValueError("no such neuron model")


def _or_else(number: int, kernel: Any, others: Any) -> Any:
    """The loop over one model's kernel, where the number is that model's."""

    @njit
    def step(
        kind: int, rests: int, own: Any, state: Any, arrived: Any, sent: Any, first: int,
        stop: int, t: int,
    ) -> bool:
        if kind != number:
            passed: bool = others(kind, rests, own, state, arrived, sent, first, stop, t)
            return passed
        live = rests == 0
        for i in range(first, stop):
            if rests and not _any(arrived, i) and not _any(state, i):
                continue
            sent[i] = kernel(own, state, arrived, i, stop - 1, t)
            live = live or _any(state, i)
        return live

    return step


@njit
def _any(rows: Any, i: int) -> bool:
    """Whether any number of a row is not 0."""
    for column in range(rows.shape[1]):  # noqa: SIM110 - Numba has no `any`
        if rows[i, column] != 0:
            return True
    return False


def _compilable(function: Callable[..., Any], seen: dict[str, Any] | None = None) -> FunctionType:
    """A copy of a plain function that calls compiled copies of the plain functions it calls.

    Only those of its own file and of `numerics.scalar`: Numba compiles no other.
    """
    kept = {} if seen is None else seen
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        called = names.get(name)
        if isinstance(called, FunctionType) and called.__module__ in (function.__module__,
                                                                      scalar.__name__):
            if name not in kept:
                kept[name] = njit(_compilable(called, kept))
            names[name] = kept[name]
    return FunctionType(function.__code__, names, function.__name__)
