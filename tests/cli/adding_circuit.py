"""A circuit of our own: it adds up random numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated

import numpy as np
import pytest

from neuromorph.api import circuits
from neuromorph.api.circuits import Meaning, Outcome, check_limits
from neuromorph.backends import Backend


@dataclass(frozen=True)
class Settings:
    """What is added."""

    count: Annotated[int, Meaning("How many numbers are added.", low=1)] = 1000
    low: Annotated[float, Meaning("Where the numbers begin.")] = 0.0
    scale: Annotated[float, Meaning("How far they go.", above=0)] = 0.5
    negate: Annotated[bool, Meaning("Whether the sum is turned round.")] = False
    words: Annotated[str, Meaning("What is said.")] = "a sum"

    def __post_init__(self) -> None:
        check_limits(self)


def draw(path: Path) -> None:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([0, 1], [1, 0])
    figure.savefig(path)
    plt.close(figure)


def add(
    settings: Settings, *, backend: str, seed: int, progress: Callable[[str], None]
) -> Outcome:
    progress("adding")
    numbers = np.random.default_rng(seed).random(settings.count) * settings.scale + settings.low
    total = float(numbers.sum()) * (-1 if settings.negate else 1)
    return Outcome({"sum": total, "how_many": settings.count}, (f"This was {settings.words}.",),
                   draw)


def reasons(known: dict[str, str | None]) -> Callable[[Backend], str | None]:
    """What a circuit says of backends, of those it does not know that they add otherwise."""
    return lambda backend: known.get(backend.name, "it adds otherwise")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The only circuit there is, as if it were a module of the package."""
    module = ModuleType("tiny_circuit", "Adds random numbers.\n\nAnd more about it.")
    module.Settings, module.run = Settings, add
    module.why_not = reasons({"lava": "Lava adds nothing up", "reference": None})
    monkeypatch.setitem(sys.modules, "tiny_circuit", module)
    monkeypatch.setattr(circuits, "MODULES", {"tiny": "tiny_circuit"})
    return module
