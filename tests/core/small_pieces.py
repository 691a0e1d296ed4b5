"""Small pieces of work: what they do is a function of their item, and some have accidents."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuromorph.errors import UsageError
from neuromorph.parallel import ARRAYS, JSON, Codec, Doing, Work


@dataclass(frozen=True)
class Setup:
    """Where accidents are noted, so that they happen once only; or how often they happen."""

    folder: Path
    times: int = 1

    def __call__(self) -> Setup:
        return self

    def again(self, item: int) -> bool:
        """Whether an accident happens to an item now."""
        done = len(list(self.folder.glob(f"{item}-*")))
        if done < self.times:
            (self.folder / f"{item}-{done}").touch()
        return done < self.times


def numbers(_: Setup, item: int) -> dict[str, Any]:
    """Numbers with all their bits, NaN and infinity."""
    drawn = np.random.default_rng(item).normal(size=5)
    return {"drawn": drawn, "odd": np.array([np.nan, np.inf, -0.0]), "none": np.zeros(0)}


def product(_: Setup, item: int) -> list[float]:
    """A product of matrices large enough to be split among threads."""
    rng = np.random.default_rng(item)
    return list(map(float, (rng.normal(size=(130, 301)) @ rng.normal(size=(301, 77)))[3]))


def plain(_: Setup, item: int) -> dict[str, Any]:
    return {"item": item, "third": item / 3}


def dies(setup: Setup, item: int) -> dict[str, Any]:
    """Item 2 is killed with its process."""
    if item == 2 and setup.again(item):
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(setup, item)


def fails(setup: Setup, item: int) -> dict[str, Any]:
    """Item 2 meets an error of no class of ours."""
    if item == 2 and setup.again(item):
        raise ValueError("no luck")
    return plain(setup, item)


def refuses(setup: Setup, item: int) -> dict[str, Any]:
    """Item 2 is refused."""
    if item == 2:
        setup.again(item)
        raise UsageError("two is not liked", where="here")
    return plain(setup, item)


def waits(setup: Setup, item: int) -> dict[str, Any]:
    """Notes which process it is in, and takes its time."""
    (setup.folder / f"pid-{os.getpid()}").touch()
    time.sleep(600)
    return plain(setup, item)


def work(do: Any, folder: Path, count: int = 5, times: int = 1, codec: Codec = JSON,
         **known_by: str) -> Work:
    return Work("a small one", Doing(Setup(folder, times), do, codec), range(count), "item",
                known_by or {"what": "small"})


def arrays(folder: Path) -> Work:
    return work(numbers, folder, codec=ARRAYS)
