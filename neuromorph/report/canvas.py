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


def require_matplotlib() -> None:
    """Is matplotlib there? Asked before long work whose end is a picture.

    Raises
    ------
    MissingExtraError
    WriteError
        If matplotlib finds no folder for its settings.
    """
    _figure_kind()


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
    figure: Figure = _figure_kind()(**{"layout": "constrained", **options})
    return figure


def new_axes(
    rows: int = 1, columns: int = 1, *, figsize: tuple[float, float] | None = None,
    **options: Any,
) -> tuple[Any, Any]:
    """A new figure and its axes, with the options of ``Figure.subplots``."""
    figure = new_figure(figsize=figsize)
    return figure, figure.subplots(rows, columns, **options)


def new_mosaic(
    places: list[list[str]], *, figsize: tuple[float, float], **options: Any,
) -> tuple[Any, Any]:
    """A new figure and its axes by name, with the options of ``Figure.subplot_mosaic``."""
    figure: Any = new_figure(figsize=figsize)
    return figure, figure.subplot_mosaic(places, **options)


def _figure_kind() -> Any:
    # It warns where it cannot keep its settings, which is none of the reader's business; what
    # level their own program has set is none of ours.
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        import matplotlib as mpl
        import matplotlib.figure
    except ImportError as error:
        raise MissingExtraError("pictures need matplotlib", found=str(error),
                                hint="run: pip install 'neuromorph[plot]'") from error
    except OSError as error:
        raise WriteError("matplotlib finds no folder that it can write to", found=error,
                         hint="set MPLCONFIGDIR to one") from error
    finally:
        logger.setLevel(level)
    return type("Figure", (mpl.figure.Figure,), {"_repr_png_": png_of, "__module__": __name__})


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
