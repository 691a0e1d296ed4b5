"""A trained transformer's attention as spikes: on a CPU today, on Loihi when you have one.

Three verbs and one line: `export`, `simulate`, `run_demo`, and `attach`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuromorph.huggingface import Attachment as Attachment
    from neuromorph.huggingface import attach as attach

_HOMES = {
    "attach": "neuromorph.huggingface",
    "Attachment": "neuromorph.huggingface",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for: start-up stays fast."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'neuromorph' has no attribute {name!r}")
