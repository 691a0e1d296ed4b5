"""Skips what needs SANA-FE where it is not installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

sys.path[:0] = [str(HERE)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="sanafe is not installed")
    installed = importlib.util.find_spec("sanafe") is not None
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.sanafe)
            if not installed:
                item.add_marker(skip)
