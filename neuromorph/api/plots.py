"""Pictures of what a command found, in a folder, under names that it says."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from neuromorph.api.crosstalk import CrosstalkReport
from neuromorph.api.evaluate import Evaluation
from neuromorph.api.simulate import SimulationReport
from neuromorph.bundle import Bundle, load_bundle
from neuromorph.bundle.whole import WholeBundle
from neuromorph.deploy.outcome import CompileReport
from neuromorph.errors import UsageError
from neuromorph.files.atomic import atomic_folder
from neuromorph.files.opening import StrPath
from neuromorph.files.outputs import Output
from neuromorph.look import (
    Maps,
    attention,
    context,
    heads,
    hidden,
    lengths,
    maps,
    raster,
    raster_whole,
)
from neuromorph.look.whole import block_name, maps_of_work, works
from neuromorph.progress import Progress, silent
from neuromorph.report.bundle_page import PICTURES
from neuromorph.report.canvas import png_of
from neuromorph.report.compile_page import PICTURES as OF_PROGRAMS
from neuromorph.report.compile_pictures import draw_pictures
from neuromorph.report.crosstalk import crosstalk_figure
from neuromorph.report.pictures import accuracy_figure
from neuromorph.report.text import to_json
from neuromorph.translate import HeadFidelity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIST = "pictures.json"
ALL = tuple(dict.fromkeys((*PICTURES, *OF_PROGRAMS, "accuracy", "crosstalk")))
FOLDER = Output("pictures", (LIST, *(f"{name}.png" for name in ALL)), LIST)


def save_pictures(
    pictures: Mapping[str, bytes], target: str | os.PathLike[str], *, force: bool = False
) -> list[Path]:
    """Write PNG files and their list, whole or not at all; their paths.

    Raises
    ------
    UsageError
        If there is nothing to draw.
    OutputExistsError, WriteError
    """
    if not pictures:
        raise UsageError("there is nothing to draw", where=target)
    with atomic_folder(target, ours=FOLDER, force=force) as folder:
        for name, content in pictures.items():
            (folder / f"{name}.png").write_bytes(content)
        (folder / LIST).write_text(to_json(
            FOLDER.mark() | {"pictures": [f"{name}.png" for name in pictures]}), "utf-8")
    return [Path(target) / f"{name}.png" for name in pictures]


def pngs(figures: Mapping[str, Figure]) -> dict[str, bytes]:
    """The files of figures."""
    return {name: png_of(figure) for name, figure in figures.items()}


def bundle_figures(
    bundle: Bundle, fidelity: Sequence[HeadFidelity], progress: Progress = silent
) -> dict[str, Figure]:
    """Heads, maps of the layer with the worst one, its raster, and contexts by length."""
    worst = min(fidelity, key=lambda one: one.cosine)
    progress(f"attention maps of {worst.layer}")
    return {"heads": heads(fidelity), "maps": attention(maps(bundle, worst.layer)),
            "raster": raster(bundle, worst.layer, worst.head),
            "context": context(lengths(bundle, progress=progress))}


def whole_figures(
    bundle: WholeBundle, inputs: NDArray[Any], progress: Progress = silent
) -> tuple[dict[str, Figure], list[HeadFidelity]]:
    """Heads, maps of the block with the worst one, and its raster, on a sequence; and all heads."""
    found: list[Maps] = []
    for n, work in enumerate(works(bundle.model, inputs)):
        progress(f"attention of {block_name(n)}")
        found.append(maps_of_work(block_name(n), work))
    every = [head for one in found for head in one.fidelity]
    worst = min(every, key=lambda head: head.cosine)
    block = next(n for n, one in enumerate(found) if one.layer == worst.layer)
    return {"heads": heads(every), "maps": attention(found[block]),
            "raster": raster_whole(bundle.model, inputs, block, worst.head)}, every


def of_simulation(
    bundle: Bundle, report: SimulationReport, progress: Progress = silent
) -> dict[str, bytes]:
    """Pictures of what ran; maps, raster and contexts are of the bundle's own sample."""
    return pngs(bundle_figures(bundle, report.fidelity, progress))


def of_evaluation(found: Evaluation) -> dict[str, bytes]:
    """Hidden states by layer, and accuracies if there are some."""
    figures: dict[str, Figure] = {}
    if found.found["cosine_by_layer"]:
        figures["hidden"] = hidden(found)
    if "score" in found.found:
        said = found.found
        figures["accuracy"] = accuracy_figure(
            {"float model": said["score_float"], "in integers": said["score"]},
            f"{said['windows']} images (95 % intervals)",
            [said["score_float_interval"], said["score_interval"]])
    return pngs(figures)


def of_crosstalk(
    bundle: StrPath, report: CrosstalkReport, progress: Progress = silent
) -> dict[str, bytes]:
    """The curve of mixing, and what heads lose by the length of the context."""
    return pngs({"crosstalk": crosstalk_figure(report.curve()),
                 "context": context(lengths(load_bundle(bundle), progress=progress))})


def of_program(found: CompileReport) -> dict[str, bytes]:
    """All that the report of a program draws."""
    return draw_pictures(found.report)


