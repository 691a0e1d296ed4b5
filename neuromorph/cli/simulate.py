"""``neuromorph simulate DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuromorph.cli.common import Force, Json, Quiet, Seed, progress, show


def simulate(
    bundle: Annotated[Path, typer.Argument(help="A bundle that `neuromorph export` made.")],
    inputs: Annotated[Path | None, typer.Option(
        help="Arrays (.npz): images for the digits model, or queries.0, keys.0, values.0, … "
             "The bundle's own sample if left out.")] = None,
    backend: Annotated[str, typer.Option(help="fast, reference or lava.")] = "fast",
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", help="Folder for outputs.npz and summary.json.")] = None,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a bundle's attention in spikes and compare it with float attention."""
    from neuromorph.api.simulate import save_report
    from neuromorph.api.simulate import simulate as run
    from neuromorph.bundle import check_target
    from neuromorph.report.tables import fidelity_table, numbers_table

    if output is not None:
        check_target(output, force=force, marker="summary.json")
    with progress(quiet or as_json) as tell:
        report = run(bundle, inputs=inputs, backend=backend, progress=tell)
    result = {**report.as_dict(), "seed": seed}
    if output is not None:
        save_report(report, output, force=force)
    summary = {k: v for k, v in result.items() if k not in ("fidelity", "predictions")}
    show(result, lambda: [numbers_table("Simulated", summary), fidelity_table(report.fidelity)],
         as_json=as_json, quiet=quiet)
