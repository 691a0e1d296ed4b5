"""Backends by name. Each is a folder here, which is imported only when it is asked for.

Such a folder's ``__init__.py`` has ``BACKEND``, a `Backend` that is named as the folder is. What
it is, needs and offers stands in its class; see `interface`. Nothing else lists backends.
"""

from __future__ import annotations

from collections.abc import Callable

from neuromorph.backends.attention import (
    AttentionBatch,
    ReadoutKind,
    attend_clocked,
    check_readout,
)
from neuromorph.backends.floats import FloatAnswer, FloatLayer, FloatWork, Scales
from neuromorph.backends.interface import Backend, Evidence, Inputs, Recording, Remembering
from neuromorph.backends.registry import DEFAULT, get, kind, names
from neuromorph.backends.sight import Sight
from neuromorph.circuits.gated_delta import remember
from neuromorph.circuits.latency_attention import Attended


def attend(
    name: str,
    work: AttentionBatch,
    *,
    times: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Attended:
    """A batch of attention on a backend; see `Backend.attend`."""
    return get(name).attend(work, times=times, progress=progress)


def remembering(name: str) -> Remembering:
    """Closed form of memories of the gated delta rule: a backend's own, or NumPy's."""
    return get(name).memories() or remember


def float_layer(name: str, scales: Scales) -> FloatLayer | None:
    """A layer that takes floats and gives floats, where a backend has one.

    Elsewhere floats are coded, attend as integers and are decoded, with the same result.
    """
    return get(name).float_layer(scales)


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
    "Remembering",
    "Sight",
    "attend",
    "attend_clocked",
    "check_readout",
    "float_layer",
    "get",
    "kind",
    "names",
    "remembering",
]
