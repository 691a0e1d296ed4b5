"""Skips what needs Nengo where it is not installed; shares small networks with tests/core."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NEED_NOTHING = {"test_refusals.py"}

sys.path[:0] = [str(HERE), str(HERE.parent / "core")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="nengo and nengo-loihi are not installed")
    installed = all(map(importlib.util.find_spec, ("nengo", "nengo_loihi")))
    for item in items:
        if HERE in item.path.parents and item.path.name not in NEED_NOTHING:
            item.add_marker(pytest.mark.nengo)
            if not installed:
                item.add_marker(skip)
