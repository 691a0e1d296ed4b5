"""Skips without Lava, and drives stock ProcessModels by hand, with no runtime around them."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

HERE = Path(__file__).parent
Drive = Callable[..., dict[str, NDArray[Any]]]


def lava_is_installed() -> bool:
    try:
        return importlib.util.find_spec("lava.magma.core") is not None
    except ModuleNotFoundError:
        return False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="lava-nc is not installed")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lava)
            if not lava_is_installed():
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def root_logger_kept() -> Iterator[None]:
    """Every Lava Process adds a handler to the root logger."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    yield
    root.handlers[:] = handlers


class FakeIn:
    """An in port that gives what it is told."""

    def __init__(self) -> None:
        self.data: NDArray[Any] | None = None

    def recv(self) -> Any:
        return self.data


class FakeOut:
    """An out port that keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: Any = None

    def send(self, data: Any) -> None:
        self.sent = np.array(data)


@pytest.fixture(scope="session")
def drive() -> Drive:
    """Run the ProcessModel that Lava would select, step by step, without Lava's runtime."""
    importlib.import_module("neuromorph.processes")  # it makes Lava importable
    from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
    from lava.magma.core.run_configs import Loihi2SimCfg

    found: dict[type, Any] = {}

    def drive(process: Any, train: NDArray[Any], domain: str = "fixed") -> dict[str, NDArray[Any]]:
        if type(process) not in found:
            found[type(process)] = ProcGroupDiGraphs._find_proc_models(process)
        config = Loihi2SimCfg(select_tag="fixed_pt" if domain == "fixed" else "floating_pt")
        model = instantiate(config.select(process, found[type(process)]), process)
        receives = model.a_in if hasattr(process, "a_in") else model.s_in
        sends = model.s_out if hasattr(process, "s_out") else model.a_out
        record: dict[str, list[Any]] = {"out": [], "u": [], "v": []}
        for row in train:
            receives.data = row
            model.run_spk()
            record["out"].append(sends.sent)
            for name in ("u", "v"):
                record[name].append(np.array(getattr(model, name, 0)))
        return {name: np.array(rows) for name, rows in record.items()}

    return drive


def instantiate(model_class: Any, process: Any) -> Any:
    """What Lava's PyProcessBuilder does: a model with the Process's variables and ports."""
    model = model_class(process.proc_params)
    for var in process.vars:
        kind = getattr(model_class, var.name)
        if issubclass(kind.cls, np.ndarray):
            value = np.empty(var.shape, kind.d_type)
            value[:] = var.init
        else:
            value = var.init
        setattr(model, var.name, value)
    for port in process.in_ports:
        setattr(model, port.name, FakeIn())
    for port in process.out_ports:
        setattr(model, port.name, FakeOut())
    return model
