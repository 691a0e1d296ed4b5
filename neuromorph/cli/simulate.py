"""``neuromorph simulate DIR``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neuromorph.cli import completion
from neuromorph.cli.common import (
    Force,
    Json,
    Plot,
    Quiet,
    Seed,
    check_flags,
    check_force,
    check_plot,
    progress,
    save_plot,
    show,
    warned,
)
from neuromorph.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from neuromorph.api.simulate import SimulationReport
    from neuromorph.api.simulate_memories import MemoriesSimulation


def simulate(
    bundle: Annotated[Path, typer.Argument(
        readable=False, help="A bundle that `neuromorph export` made.")],
    inputs: Annotated[Path | None, typer.Option(
        readable=False,
        help="Arrays (.npz): images for the digits model, or queries.0, keys.0, values.0, … "
             "of memories also keep.0, rate.0, …. The bundle's own sample if left out.")] = None,
    backend: Annotated[str | None, typer.Option(
        autocompletion=completion.backends,
        help="What runs it; `neuromorph run match_and_control --list` names all.")] = None,
    readout: Annotated[str, typer.Option(
        help="host: divide what the heads' potentials say; emitted: the heads divide, and send "
             "their context as graded spikes.")] = "host",
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", readable=False, help="Folder for outputs.npz and summary.json.")] = None,
    plot: Plot = None,
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a bundle's attention in spikes, or its memories, and compare with floats."""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.simulate import FOLDER, save_report
    from neuromorph.api.simulate import simulate as run
    from neuromorph.api.simulate_memories import MemoriesSimulation
    from neuromorph.backends import DEFAULT, check_readout
    from neuromorph.files.atomic import check_target
    from neuromorph.report.memories import simulated_tables
    from neuromorph.report.tables import simulation_tables

    check_force(output, plot, force=force)
    check_plot(plot, output, force=force)
    checked = check_readout(readout)
    if output is not None:
        check_target(output, ours=FOLDER, force=force)
    with progress(quiet or as_json) as tell:
        report = run(bundle, inputs=inputs, backend=DEFAULT if backend is None else backend,
                     readout=checked, progress=tell)
        if output is not None:
            save_report(report, output, force=force)
        drawn = save_plot(plot, lambda: _pictures(bundle, report, tell), force=force)
    result = report.as_dict()

    def tables() -> list[Table]:
        if isinstance(report, MemoriesSimulation):
            return simulated_tables(result)
        return simulation_tables(result, report.fidelity)

    show(result, lambda: [*tables(), *warned(report.cautions), *_where(output), *drawn],
         as_json=as_json, quiet=quiet)


def _pictures(
    bundle: Path, report: SimulationReport | MemoriesSimulation, tell: Callable[[str], None]
) -> Mapping[str, bytes]:
    from neuromorph.api.plots import of_simulation
    from neuromorph.api.simulate import SimulationReport
    from neuromorph.bundle import load_bundle

    if not isinstance(report, SimulationReport):
        raise UsageError("there are no pictures of memories", where=bundle,
                         hint="leave --plot out; neuromorph run gated_delta draws one")
    return of_simulation(load_bundle(bundle), report, tell)


def _where(output: Path | None) -> list[str]:
    return [] if output is None else [f"Outputs: {output}"]
