"""Picture of binary synapses: what later tasks leave of earlier ones, and the fields behind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.report.canvas import ACCENT, INK, QUIET, new_axes, write_png

BINS = np.arange(-128.5, 129, 4)


def draw_forgetting(
    tables: Mapping[str, NDArray[Any]], fields: NDArray[Any], path: Path
) -> None:
    """Accuracy on all tasks after each, a line a task; and a histogram of the fields.

    Parameters
    ----------
    tables : mapping of name to float array, shape (tasks, tasks)
        Accuracy [after, of]: the run's own first.
    fields : int array
    path : Path
    """
    figure, (left, right) = new_axes(1, 2, figsize=(10, 4))
    for (name, table), colour, style in zip(tables.items(), (ACCENT, QUIET), ("-", "--"),
                                            strict=False):
        for task in range(len(table)):
            after = np.arange(task, len(table))
            left.plot(after + 1, table[after, task], style, marker="o", color=colour,
                      label=name if task == 0 else None)
    left.set(title="Each task, from when it was learned", xlabel="tasks learned", ylim=(0, 1),
             ylabel="accuracy", xticks=np.arange(1, len(next(iter(tables.values()))) + 1))
    left.legend(frameon=False, loc="lower left")
    right.hist(np.ravel(fields), BINS, color=INK)
    right.set(title="Fields in the end; a weight is the sign", xlabel="field", ylabel="synapses",
              xlim=(-130, 130))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    write_png(figure, path)
