"""``neuromorph compile BUNDLE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    check_unused,
    progress,
    save_plot,
    show,
    warned,
)

if TYPE_CHECKING:
    from neuromorph.deploy.outcome import CompileReport


def compile_(
    bundle: Annotated[Path, typer.Argument(
        readable=False, help="A bundle that `neuromorph export` made; or layers of your own, an "
                             ".npz of weight.0, bias.0, … and inputs.")],
    profile: Annotated[str | None, typer.Option(
        autocompletion=completion.profiles,
        help="Hardware profile, by name (see `neuromorph profiles list`) or path; the smallest "
             "that takes the bundle if left out.")] = None,
    memory: Annotated[Literal["static", "plastic"], typer.Option(
        help="static: the sample's keys and values in the synapses; plastic: synapses that "
             "plasticity writes.")] = "static",
    programmable: Annotated[bool, typer.Option(
        "--programmable", help="Let a Loihi 2 board run neurons of our own, which graded spikes "
                               "need.")] = False,
    ensembles: Annotated[str | None, typer.Option(
        metavar="GROUPS", help="Layers of your own that are wired group to group: lay each group "
                               "on a core. How many groups, or `found`, to find them in the "
                               "weights.")] = None,
    costs: Annotated[str | None, typer.Option(
        help="Set of energy and time constants; the profile's default if left out.")] = None,
    stop_after: Annotated[str | None, typer.Option(
        help="Stop after a pass (quantise, features, ranges, lower, relays, split, place) and "
             "print the program.")] = None,
    dump: Annotated[list[str] | None, typer.Option(
        metavar="PASS", help="Keep the program's text after a pass and go on; in the output "
                             "folder, or printed. May be given again.")] = None,
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", readable=False,
        help="Folder for the program, its report and, for stock neurons, a script that runs "
             "it.")] = None,
    plot: Plot = None,
    search: Annotated[float, typer.Option(
        metavar="SECONDS", help="Look for a better program for so long: never more chips or "
                                "cores, shorter waits. Ctrl-C keeps the best so far.")] = 0.0,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Place heads or a whole model on a chip: does it fit, on how many cores, at what cost?"""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.compile import compile_bundle, program_text
    from neuromorph.api.plots import of_program
    from neuromorph.deploy.folder import FOLDER, save_compiled
    from neuromorph.files.atomic import check_target

    groups: Any = int(ensembles) if ensembles and ensembles.isdecimal() else ensembles

    if stop_after is not None:
        check_unused("--stop-after prints the program and ends", "leave it out, or see --dump",
                     {"--output": output, "--dump": dump, "--costs": costs, "--force": force,
                      "--search": search, "--plot": plot})
        with progress(quiet or as_json) as tell:
            text = program_text(bundle, profile, stop_after, memory=memory,
                                programmable=programmable, ensembles=groups,
                                progress=tell)
        show({"program": text}, lambda: [text.rstrip()], as_json=as_json, quiet=quiet)
        return
    check_force(output, plot, force=force)
    check_plot(plot, output, force=force)
    if output is not None:
        check_target(output, ours=FOLDER, force=force)
    with progress(quiet or as_json) as tell:
        found = compile_bundle(bundle, profile, memory=memory, programmable=programmable,
                               ensembles=groups, costs=costs, dump=dump or (), search=search,
                               seed=seed, progress=tell)
        if output is not None:
            save_compiled(found, output, force=force, progress=tell)
        drawn = [] if found.refusal else save_plot(plot, lambda: of_program(found), force=force)
    dumps = {"dumps": found.dumps} if found.dumps and output is None else {}
    show({**found.as_dict(), **dumps}, lambda: [
        *_shown(found, output), *drawn], as_json=as_json, quiet=quiet)
    if found.refusal is not None:
        raise found.refusal


def _shown(found: CompileReport, output: Path | None) -> list[Any]:
    from neuromorph.report.compile_tables import compile_tables

    kept = [f"after {name}\n{text}" for name, text in found.dumps.items() if output is None]
    warnings = warned(one["text"] for one in found.report["warnings"])
    where = [] if output is None else [_where(found, output)]
    return [*kept, *compile_tables(found.report), *warnings, *where]


def _where(found: CompileReport, output: Path) -> str:
    from neuromorph.deploy.whole_trial import FIRST_BLOCK

    if not found.compiled:
        return f"Report: {output}"
    if (output / FIRST_BLOCK).is_dir():
        return (f"Program and report: {output}; to run and to replay with NumPy alone, its first "
                f"block: {output / FIRST_BLOCK}")
    if any(output.glob("run_on_*.py")):
        return f"Program, report and script: {output}"
    return (f"Program, report and replay.py: {output} (no script for a board: "
            f"{output / 'README.md'} says why)")
