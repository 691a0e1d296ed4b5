"""What an echo says."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from neuromorph.circuits.echo.build import Echo


def read(echo: Echo, spikes: NDArray[Any]) -> NDArray[Any]:
    """What has come back, shape (steps - 1 - delay, size), from spikes (steps, size)."""
    return spikes[1 + echo.delay :]
