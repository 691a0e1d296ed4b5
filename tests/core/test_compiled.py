"""Compiled code is kept under names of its own, so that nothing is loaded in another's place."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from numba.core.caching import FunctionCache
from numba.core.registry import CPUDispatcher

from neuromorph.backends import fast
from neuromorph.backends.fast.engine import clock
from neuromorph.backends.fast.layer import answer_of
from neuromorph.backends.fast.stored import store_of


def dispatchers() -> list[CPUDispatcher]:
    found = {id(one): one for kind in ("graded", "plain")
             for one in (answer_of(kind), store_of(kind))}
    found[id(clock())] = clock()
    for module in pkgutil.iter_modules(fast.__path__, f"{fast.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, CPUDispatcher):
                found[id(value)] = value
    return list(found.values())


@pytest.mark.slow
def test_no_two_compiled_functions_share_a_place_in_the_cache() -> None:
    kept = [(d.__module__, d._cache._impl.filename_base) for d in dispatchers()
            if isinstance(d._cache, FunctionCache)]
    assert len(kept) > 10
    assert len(set(kept)) == len(kept)
