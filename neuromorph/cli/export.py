"""``neuromorph export MODEL -o DIR``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

from neuromorph.cli.common import Force, Json, Quiet, Seed, progress, show


def export(
    model: Annotated[Path, typer.Argument(
        help="A .safetensors file or Hugging Face folder; with text also a .gguf file.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new bundle.")],
    calibrate: Annotated[Path | None, typer.Option(
        help="Text (.txt, one passage a line; needs the hf extra) or arrays (.npz) that set "
             "scales and windows.")] = None,
    spikes: Annotated[Literal["graded", "binary"], typer.Option(
        help="Payloads that carry the overshoot, or plain spikes of stock neurons.")] = "graded",
    step_nats: Annotated[float, typer.Option(
        help="Nats of attention logit a time step stands for.")] = math.log(2),
    window_nats: Annotated[float, typer.Option(
        help="How far the window reaches below weak rows' best matches.")] = 0.0,
    slots: Annotated[int, typer.Option(
        help="Longest context; 0: what the model and the data need.")] = 0,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Translate a trained model's attention into spiking circuits."""
    from neuromorph.api.export import export as run
    from neuromorph.report.tables import fidelity_table, numbers_table
    from neuromorph.translate import TranslateOptions

    standard = TranslateOptions()
    options = TranslateOptions(
        spikes=spikes, step_nats=step_nats, slots=slots or None,
        window_nats=window_nats or standard.window_nats)
    with progress(quiet or as_json) as tell:
        report = run(model, output, calibrate=calibrate, options=options, seed=seed, force=force,
                     progress=tell)
    result = report.as_dict()
    summary = {k: v for k, v in result.items() if k not in ("fidelity", "options", "notes")}
    show(result, lambda: [numbers_table("Exported", summary), fidelity_table(report.fidelity),
                          *report.notes], as_json=as_json, quiet=quiet)
