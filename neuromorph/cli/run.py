"""``neuromorph run CIRCUIT``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuromorph.cli import completion
from neuromorph.cli.common import (
    Force,
    Jobs,
    Json,
    Quiet,
    Resume,
    Scheduler,
    Seed,
    check_flags,
    check_unused,
    progress,
    show,
    warned,
)
from neuromorph.errors import UsageError

if TYPE_CHECKING:
    from neuromorph.api.run import RunReport
    from neuromorph.api.run_seeds import SeedsReport
    from neuromorph.parallel import Spread

RESULTS = Path("out/run")


def run(
    circuit: Annotated[str | None, typer.Argument(
        autocompletion=completion.circuits,
        help="Name of a circuit. Without one, all are listed.", show_default=False)] = None,
    backend: Annotated[str | None, typer.Option(
        autocompletion=completion.backends,
        help="What runs it; NAME --list shows what can.")] = None,
    assignments: Annotated[list[str] | None, typer.Option(
        "--set", metavar="KEY=VALUE",
        help="A setting of the circuit's; again for another one.")] = None,
    listing: Annotated[bool, typer.Option(
        "--list", help="Show a circuit's settings, defaults and backends, and run nothing; without "
                       "a name, which circuits there are.")] = False,
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", readable=False,
        help="Folder for summary.json and picture.png; out/run/CIRCUIT if left out.")] = None,
    seeds: Annotated[int | None, typer.Option(
        help="Run it with so many seeds, from --seed on: each one's numbers, and their mean and "
             "spread, in out/run/CIRCUIT-seeds.", min=1)] = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    resume: Resume = False,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run one of the circuits on its own, and draw what happens.

    Without a name it lists them; `neuromorph run NAME --list` shows one's settings.
    """
    check_flags(as_json=as_json, quiet=quiet)
    settings = parse_assignments(assignments or ())
    if listing or circuit is None:
        _check_nothing_to_run(backend or settings or output or force or seeds)
        _list(circuit, as_json=as_json, quiet=quiet)
        return
    if seeds is not None:
        from neuromorph.parallel import Spread

        place = RESULTS / f"{circuit}-seeds" if output is None else output
        _seeds(circuit, seeds, Spread(jobs, scheduler, resume), as_json=as_json, quiet=quiet,
               backend=backend, settings=settings, output=place, seed=seed, force=force)
        return
    check_unused("this is one run", "add --seeds N for several", {
        "--jobs": jobs > 1, "--scheduler": scheduler, "--resume": resume})
    from neuromorph.api.run import run as run_circuit

    place = RESULTS / circuit if output is None else output
    with progress(quiet or as_json) as tell:
        report = run_circuit(circuit, backend=backend, settings=settings, output=place, seed=seed,
                             force=force, progress=tell)
    show(report.as_dict(), lambda: _shown(report, place), as_json=as_json, quiet=quiet)


def _seeds(
    circuit: str, count: int, spread: Spread, *, as_json: bool, quiet: bool, **options: Any
) -> None:
    from neuromorph.api.run_seeds import WORK, run_seeds

    with progress(quiet or as_json) as tell:
        report = run_seeds(circuit, count, work=WORK, spread=spread, progress=tell, **options)
    show(report.as_dict(), lambda: _shown_seeds(report), as_json=as_json, quiet=quiet)


def _shown_seeds(report: SeedsReport) -> list[Any]:
    from neuromorph.report.run_tables import seeds_tables

    resumed = [f"Of these seeds, an earlier run had done {report.resumed}."]
    return [*seeds_tables(report.summary), *resumed * bool(report.resumed),
            *warned(report.cautions)]


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """What was typed for each setting.

    Raises
    ------
    UsageError
        If a text is no ``key=value``, or names a setting a second time.
    """
    settings: dict[str, str] = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise UsageError("--set takes a setting and its value", found=repr(text),
                             expected="key=value")
        if key in settings:
            raise UsageError("--set names a setting twice", found=text,
                             hint=f"it was set to {settings[key]!r} before; leave one out")
        settings[key] = value
    return settings


def _check_nothing_to_run(given: object) -> None:
    if given:
        raise UsageError("this only lists circuits, and takes no other option than --json or "
                         "--quiet", hint="name a circuit, without --list, to run it")


def _list(circuit: str | None, *, as_json: bool, quiet: bool) -> None:
    from neuromorph.api import circuits
    from neuromorph.api.run import describe
    from neuromorph.report.run_tables import circuit_tables, circuits_table

    chosen = [circuits.get(name) for name in (circuits.names() if circuit is None else (circuit,))]
    if circuit is None and not as_json:  # quick: no backend is asked
        show({}, lambda: circuits_table({one.name: one.summary for one in chosen}),
             as_json=as_json, quiet=quiet)
        return
    found = [describe(one) for one in chosen]
    show({"circuits": found}, lambda: [table for one in found for table in circuit_tables(one)],
         as_json=as_json, quiet=quiet)


def _shown(report: RunReport, place: Path) -> list[Any]:
    from neuromorph.api.run import PICTURE
    from neuromorph.report.run_tables import run_tables

    return [*run_tables(report.summary), *warned(report.outcome.cautions),
            f"Picture: {place / PICTURE}"]
