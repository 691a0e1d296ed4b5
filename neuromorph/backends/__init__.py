"""Backends by name; each is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from neuromorph.backends.attention import (
    AttentionBatch,
    ReadoutKind,
    attend_clocked,
    check_readout,
)
from neuromorph.backends.floats import FloatAnswer, FloatLayer, FloatWork, Scales
from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording
from neuromorph.backends.sight import Sight
from neuromorph.circuits.latency_attention import Attended
from neuromorph.errors import UsageError, did_you_mean

DEFAULT = "fast"


def _fast() -> Backend:
    from neuromorph.backends.fast.backend import FastBackend

    return FastBackend()


def _reference() -> Backend:
    from neuromorph.backends.reference import ReferenceBackend

    return ReferenceBackend()


def _lava() -> Backend:
    from neuromorph.backends.lava import LavaBackend

    return LavaBackend()


def _loihi_emulator() -> Backend:
    from neuromorph.backends.loihi_emulator import LoihiEmulatorBackend

    return LoihiEmulatorBackend()


def _nengo() -> Backend:
    from neuromorph.backends.nengo import NengoBackend

    return NengoBackend()


_MAKERS: dict[str, Callable[[], Backend]] = {
    "fast": _fast, "lava": _lava, "loihi_emulator": _loihi_emulator, "nengo": _nengo,
    "reference": _reference,
}


def names() -> tuple[str, ...]:
    """Names of all backends."""
    return tuple(_MAKERS)


def get(name: str) -> Backend:
    """The backend of that name.

    Raises
    ------
    UsageError
        If there is none, with the nearest name.
    """
    if name not in _MAKERS:
        raise UsageError("unknown backend", found=name, hint=did_you_mean(name, _MAKERS))
    return _MAKERS[name]()


def attend(
    name: str,
    work: AttentionBatch,
    *,
    times: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Attended:
    """A batch of attention on a backend: in closed form on `fast`, clocked elsewhere.

    Parameters
    ----------
    name : str
        Backend.
    work : AttentionBatch
    times : bool
        Whether the result must hold spike times; clocked backends always have them.
    progress : callable
        Told what is being run, by clocked backends.
    """
    backend = get(name)
    if name == "fast":
        from neuromorph.backends.fast.attention import attend_closed_form

        return attend_closed_form(work, times)
    return attend_clocked(backend, work, progress)


def float_layer(name: str, scales: Scales) -> FloatLayer | None:
    """A layer that takes floats and gives floats, where a backend has one: `fast`.

    Elsewhere floats are coded, attend as integers and are decoded, with the same result.
    """
    get(name)
    if name != "fast":
        return None
    from neuromorph.backends.fast.layer import FastLayer

    return FastLayer(scales)


__all__ = [
    "DEFAULT",
    "AttentionBatch",
    "Attended",
    "Backend",
    "Evidence",
    "FloatAnswer",
    "FloatLayer",
    "FloatWork",
    "Inputs",
    "ReadoutKind",
    "Recording",
    "Sight",
    "attend",
    "attend_clocked",
    "check_readout",
    "float_layer",
    "get",
    "names",
]
