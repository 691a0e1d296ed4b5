"""Echo: random numbers come back, louder and later."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning
from neuromorph.circuits.echo import Echo, build, read
from neuromorph.network import Probe
from neuromorph.progress import Progress
from neuromorph.report.canvas import require_matplotlib


@dataclass(frozen=True)
class Settings:
    """What comes back."""

    delay: Annotated[int, Meaning("Steps that it takes longer than a synapse takes anyway.")] = 3
    gain: Annotated[int, Meaning("How much louder it is.")] = 2


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(Echo(1, 0)))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Call, and listen."""
    echo = Echo(4, settings.delay, settings.gain)
    said = np.random.default_rng(seed).integers(-100, 100, (20, echo.size))
    progress("calling")
    recording = backends.get(backend).run(build(echo), {"in": said}, [Probe("out")], len(said))
    heard = read(echo, recording.spikes("out"))
    return Outcome({"loudest": int(np.abs(heard).max())}, ("It came back.",),
                   partial(_draw, heard))


def _draw(heard: NDArray[Any], path: Path) -> None:
    plt = require_matplotlib()
    figure, axes = plt.subplots()
    axes.plot(heard)
    figure.savefig(path)
    plt.close(figure)
