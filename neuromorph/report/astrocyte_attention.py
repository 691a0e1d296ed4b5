"""Picture of astrocyte attention: the memory, the calcium, and the outputs against float."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, new_mosaic, write_png
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Memory(Shown):
    """One run.

    Attributes
    ----------
    held : int array, shape (value_size + 1, features)
        The synapses at the end; the last row is the astrocyte's.
    spikes, linear, softmax : float array, shape (queries, value_size)
        Outputs of the circuit, of float linear attention, and of softmax attention.
    """

    held: NDArray[Any]
    spikes: NDArray[Any]
    linear: NDArray[Any]
    softmax: NDArray[Any]


def draw_memory(memory: Memory, path: Path) -> None:
    """Synapses, the calcium gathered a feature, outputs as images and as a scatter."""
    figure, axes = new_mosaic(
        [["synapses"] * 4 + ["scatter"] * 2, ["calcium"] * 4 + ["scatter"] * 2,
         ["softmax"] * 2 + ["linear"] * 2 + ["spikes"] * 2], figsize=(12, 9),
        height_ratios=(1.5, 1, 1.7))
    limit = max(1, int(np.abs(memory.held).max()))
    axes["synapses"].imshow(memory.held[:-1], cmap="RdBu", vmin=-limit, vmax=limit,
                            aspect="auto", interpolation="nearest")
    axes["synapses"].set(title="synapses H after the last token", ylabel="value dimension")
    axes["calcium"].bar(np.arange(memory.held.shape[1]), memory.held[-1], color=QUIET)
    axes["calcium"].set(title="calcium p of the astrocyte", xlabel="feature")
    _scatter(axes["scatter"], memory)
    _outputs([axes[name] for name in ("softmax", "linear", "spikes")], memory, figure)
    figure.suptitle("Linear attention in a tripartite synapse: out = H φ(q) / (p·φ(q))")
    write_png(figure, path)


def _scatter(axes: Any, memory: Memory) -> None:
    ends = [float(memory.softmax.min()), float(memory.softmax.max())]
    axes.plot(ends, ends, color=QUIET, lw=1)
    axes.scatter(memory.softmax, memory.linear, s=10, color=INK, label="float linear attention")
    axes.scatter(memory.softmax, memory.spikes, s=10, color=ACCENT, label="circuit")
    axes.set(xlabel="output of softmax attention", ylabel="output", title="every output element")
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def _outputs(axes: list[Any], memory: Memory, figure: Any) -> None:
    limit = float(np.abs(memory.softmax).max())
    shown = (("softmax", memory.softmax), ("linear, float", memory.linear),
             ("circuit", memory.spikes))
    for ax, (title, values) in zip(axes, shown, strict=True):
        image = ax.imshow(values, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto",
                          interpolation="nearest")
        ax.set(title=title, xlabel="value dimension")
    axes[0].set_ylabel("query")
    figure.colorbar(image, ax=axes, shrink=0.8, label="output")
