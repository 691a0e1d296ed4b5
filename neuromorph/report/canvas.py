"""Figures of matplotlib that belong to whoever asked for them, and their files."""

from __future__ import annotations

import logging
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from neuromorph.errors import MissingExtraError, WriteError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, ACCENT, QUIET, PALE = "#1f2430", "#c8553d", "#8a93a6", "#e8ebf1"
DPI = 130


def require_matplotlib() -> Any:
    """matplotlib's pyplot on the file-only backend.

    Raises
    ------
    MissingExtraError
    WriteError
        If matplotlib finds no folder for its settings.
    """
    return _imported(pyplot=True)


def new_figure(**options: Any) -> Figure:
    """A figure that pyplot knows nothing of: no window, and the reader's backend stays theirs.

    A notebook shows it, whether or not pyplot has been imported there.

    Parameters
    ----------
    **options
        As of matplotlib's ``Figure``; its layout is ``constrained``.

    Raises
    ------
    MissingExtraError, WriteError
        As `require_matplotlib`.
    """
    drawn = _imported(pyplot=False)
    figure: Figure = drawn(**{"layout": "constrained", **options})
    return figure


def _imported(*, pyplot: bool) -> Any:
    # It warns where it cannot keep its settings, which is none of the reader's business.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        if not pyplot:
            return type("Figure", (Figure,), {"_repr_png_": png_of, "__module__": __name__})
        mpl.use("Agg")
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise MissingExtraError("pictures need matplotlib", found=str(error),
                                hint="run: pip install 'neuromorph[plot]'") from error
    except OSError as error:
        raise WriteError("matplotlib finds no folder that it can write to", found=error,
                         hint="set MPLCONFIGDIR to one") from error
    return plt


def png_of(figure: Figure, **options: Any) -> bytes:
    """The PNG file of a figure."""
    held = BytesIO()
    write_png(figure, held, **options)
    return held.getvalue()


def write_png(figure: Figure, path: Path | BinaryIO, **options: Any) -> None:
    """The same picture gives the same bytes: matplotlib's version stays out of the file."""
    figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None}, **options)


def bare(axes: Any) -> None:
    """Without the upper and the right edge."""
    axes.spines[["top", "right"]].set_visible(False)
