"""Picture of ensembles: which weights there are, and what widths take of a chip."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, new_axes, write_png

COLOURS = {"dense": INK, "blocks, packed as any layer": QUIET, "blocks, by groups": ACCENT}


def draw_ensembles(
    mask: NDArray[Any], widths: Sequence[int], taken: Mapping[str, Sequence[Mapping[str, int]]],
    path: Path, *, across: str = "width of both hidden layers",
    title: str = "Weights of the second layer",
) -> None:
    """The mask of a layer; cores and deliveries against width, by kind.

    Parameters
    ----------
    mask : bool array, shape (outputs, inputs)
    widths : sequence of int
    taken : mapping of kind to placements, one a width
        Of ``Placement.as_dict``.
    path : Path
    across, title : str
        What widths are of, and what the mask is.
    """
    figure, axes = new_axes(1, 3, figsize=(12, 4))
    axes[0].imshow(mask, cmap="Greys", interpolation="nearest", aspect="auto")
    axes[0].set(title=title, xlabel="from neuron", ylabel="to neuron")
    for plot, what, title in zip(axes[1:], ("cores", "deliveries"), (
            "Cores in use", "Arrivals of spikes at cores"), strict=True):
        for kind, found in taken.items():
            plot.loglog(widths, [one[what] for one in found], color=COLOURS[kind], marker="o",
                        base=2, label=kind)
        plot.set(title=title, xlabel=across, ylabel=what, xticks=widths,
                 xticklabels=[str(width) for width in widths])
        least, most = (end(one[what] for found in taken.values() for one in found)
                       for end in (min, max))
        # From a power of two to another: between two of them an axis has no tick at all.
        plot.set_ylim(0.9 * 2 ** math.floor(math.log2(least)),
                      1.1 * 2 ** (math.floor(math.log2(most)) + 1))
        plot.yaxis.set_major_formatter("{x:,.0f}")
        plot.spines[["top", "right"]].set_visible(False)
    axes[1].legend(frameon=False)
    write_png(figure, path)
