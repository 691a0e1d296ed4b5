"""Picture of what a whole model answers, floats against integers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, bare, new_axes, write_png


def draw_logits(
    floats: NDArray[Any], found: NDArray[Any], image: NDArray[Any], path: Path, title: str
) -> None:
    """The image, and what both models say of it: one bar a class.

    Parameters
    ----------
    floats, found : float array, shape (classes,)
    image : array, shape (side, side)
    path : Path
    title : str
    """
    figure, (left, right) = new_axes(1, 2, figsize=(7.4, 3.1),
                                         width_ratios=(1, 2.6))
    left.imshow(image, cmap="gray_r")
    left.set(xticks=[], yticks=[], title="pixels in")
    classes = np.arange(len(floats))
    right.bar(classes, floats, width=0.85, color=QUIET, label="float model")
    right.bar(classes, found, width=0.35, color=INK, label="integers and spikes")
    best = int(found.argmax())
    right.bar([best], [found[best]], width=0.35, color=ACCENT)
    right.axhline(0, color=INK, linewidth=0.8)
    right.set(xticks=classes, xlabel="class", title="ten numbers out", ylabel="logit")
    right.legend(frameon=False, loc="best", fontsize=9)
    bare(right)
    figure.suptitle(title, fontsize=13)
    write_png(figure, path)
