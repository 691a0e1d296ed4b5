"""A trained transformer's attention as spikes: on a CPU today, on Loihi when you have one.

Attention alone: `export`, `tune`, `adapt`, `simulate`, `crosstalk`, `compile_bundle`, `attach`.
Whole models: `export_whole`, `generate`. Both: `evaluate`, `evaluate_attached`. Circuits of their
own: `run`, `run_seeds`, `run_demo`; what they learned: `consolidate`. On several processes or a
Dask cluster: `Spread`.
"""

from __future__ import annotations

import os

from neuromorph._version import __version__ as __version__

TYPE_CHECKING = False
"""Not typing's, which takes longer than all else here: until it is over nobody heeds Ctrl-C."""

if TYPE_CHECKING:
    from typing import Any

    from neuromorph.api.adapt import adapt as adapt
    from neuromorph.api.compile import compile_bundle as compile_bundle
    from neuromorph.api.consolidate import consolidate as consolidate
    from neuromorph.api.crosstalk import crosstalk as crosstalk
    from neuromorph.api.demo import run_demo as run_demo
    from neuromorph.api.evaluate import evaluate as evaluate
    from neuromorph.api.evaluate import evaluate_attached as evaluate_attached
    from neuromorph.api.export import export as export
    from neuromorph.api.generate import generate as generate
    from neuromorph.api.report import report_page as report_page
    from neuromorph.api.run import run as run
    from neuromorph.api.run_seeds import run_seeds as run_seeds
    from neuromorph.api.simulate import simulate as simulate
    from neuromorph.api.tune import tune as tune
    from neuromorph.api.whole import export_whole as export_whole
    from neuromorph.bundle import Bundle as Bundle
    from neuromorph.bundle import load_bundle as load_bundle
    from neuromorph.bundle.whole import WholeBundle as WholeBundle
    from neuromorph.bundle.whole import load_whole as load_whole
    from neuromorph.errors import NeuromorphError as NeuromorphError
    from neuromorph.errors import NeuromorphWarning as NeuromorphWarning
    from neuromorph.huggingface import Attachment as Attachment
    from neuromorph.huggingface import attach as attach
    from neuromorph.parallel import Spread as Spread
    from neuromorph.translate import TranslateOptions as TranslateOptions

_HOMES = {
    "adapt": "neuromorph.api.adapt",
    "compile_bundle": "neuromorph.api.compile",
    "consolidate": "neuromorph.api.consolidate",
    "crosstalk": "neuromorph.api.crosstalk",
    "evaluate": "neuromorph.api.evaluate",
    "evaluate_attached": "neuromorph.api.evaluate",
    "export": "neuromorph.api.export",
    "export_whole": "neuromorph.api.whole",
    "generate": "neuromorph.api.generate",
    "simulate": "neuromorph.api.simulate",
    "tune": "neuromorph.api.tune",
    "report_page": "neuromorph.api.report",
    "run": "neuromorph.api.run",
    "run_demo": "neuromorph.api.demo",
    "run_seeds": "neuromorph.api.run_seeds",
    "Spread": "neuromorph.parallel",
    "attach": "neuromorph.huggingface",
    "Attachment": "neuromorph.huggingface",
    "Bundle": "neuromorph.bundle",
    "NeuromorphError": "neuromorph.errors",
    "NeuromorphWarning": "neuromorph.errors",
    "TranslateOptions": "neuromorph.translate",
    "WholeBundle": "neuromorph.bundle.whole",
    "load_whole": "neuromorph.bundle.whole",
    "load_bundle": "neuromorph.bundle",
}

__all__ = ["Attachment", "Bundle", "NeuromorphError", "NeuromorphWarning", "Spread",
           "TranslateOptions", "WholeBundle", "__version__", "adapt", "attach", "compile_bundle",
           "consolidate", "crosstalk", "evaluate", "evaluate_attached", "export", "export_whole",
           "generate", "load_bundle", "load_whole", "report_page", "run", "run_demo", "run_seeds",
           "simulate", "tune"]

if not os.path.isdir(os.path.join(__path__[0], "processes")):  # noqa: PTH112, PTH118 - as above
    from neuromorph.folders import make_processes_importable

    make_processes_importable()


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for: start-up stays fast."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'neuromorph' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
