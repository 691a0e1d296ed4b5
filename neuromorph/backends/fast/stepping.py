"""One population, one step: a compiled loop over a neuron model's kernel, and its address.

Every model's loop is compiled by itself, when a network has such neurons, and kept by itself. The
engine knows it by its address only: it is compiled once, whatever models there are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, farray, njit, types
from numba.extending import intrinsic
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from neuromorph import neurons
from neuromorph.backends.fast.compiled import compiled
from neuromorph.neurons import NeuronModel
from neuromorph.numerics import scalar

kernel: Any = None
WORDS = PORTS = CONSTANTS = 0
SHARED = True
"""What `_step` is compiled with: a model's kernel, how many numbers its neurons have, and whether
all neurons of a population have the same constants, which are then there once."""

NUMBER = 8
"""Bytes of one."""

INT, POINTER = types.int64, types.CPointer(types.int64)
SIGNATURE = INT(POINTER, POINTER, POINTER, POINTER, INT, INT)


def _step(own: Any, state: Any, arrived: Any, sent: Any, size: int, t: int) -> int:
    """Step all neurons of a population; not 0 if any of them is off its rest."""
    if SHARED:
        of = as_strided(carray(own, (1, CONSTANTS)), (size, CONSTANTS), (0, NUMBER))
    else:
        of = as_strided(carray(own, (1, CONSTANTS)), (size, CONSTANTS), (NUMBER, NUMBER * size))
    now, sums = farray(state, (size, WORDS)), farray(arrived, (size, PORTS))
    out, last, live = carray(sent, (size,)), size - 1, 0
    for i in range(size):
        out[i] = kernel(of, now, sums, i, last, t)
        for word in range(WORDS):
            live |= now[i, word]
    return live


@lru_cache
def stepper(model: type[NeuronModel], constants: int, *, shared: bool) -> Any:
    """The compiled loop of a model's neurons, with its ``address``.

    A division by 0 gives what it gives in NumPy. Only a model of the house is kept on disk: the
    cache would not see that another's source has changed.
    """
    given = {"kernel": njit(compilable(model.kernel), error_model="numpy"),
             "WORDS": len(model.words), "PORTS": len(model.ports), "CONSTANTS": constants,
             "SHARED": shared}
    name = f"step_{model.__name__}_{'shared' if shared else 'own'}"
    return compiled(_step, name=name, given=given, signature=SIGNATURE,
                    by=cfunc, cache=model.__module__.startswith(f"{neurons.__name__}."),
                    error_model="numpy")


@intrinsic
def call(
    _context: Any, _address: Any, _own: Any, _own_at: Any, _state: Any, _state_at: Any,
    _arrived: Any, _arrived_at: Any, _sent: Any, _first: Any, _size: Any, _t: Any,
) -> Any:
    """Call the loop at an address with a population's part of each array."""
    def write(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        number = ir.IntType(64)
        shape = ir.FunctionType(number, [number.as_pointer()] * 4 + [number] * 2)
        function = builder.inttoptr(values[0], shape.as_pointer())
        parts = [builder.gep(values[n], [values[n + 1]]) for n in range(1, 9, 2)]
        return builder.call(function, [*parts, values[9], values[10]])

    places = [POINTER, INT] * 4
    return INT(INT, *places, INT, INT), write


def is_shared(model: NeuronModel) -> bool:
    """Whether all its neurons have the same constants."""
    return all(np.ndim(value) == 0 for value in model.constants())


def addresses(models: list[NeuronModel]) -> NDArray[np.int64]:
    """Where the loop of each population's model is; 0 for sources."""
    return np.array([0 if model.from_outside
                     else stepper(type(model), len(model.constants()),
                                  shared=is_shared(model)).address
                     for model in models], np.int64)


def compilable(function: Callable[..., Any], seen: dict[str, Any] | None = None) -> FunctionType:
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
                kept[name] = njit(compilable(called, kept), error_model="numpy")
            names[name] = kept[name]
    return FunctionType(function.__code__, names, function.__name__)
