"""``neuromorph consolidate PROGRAM``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from neuromorph.cli import completion
from neuromorph.cli.common import Force, Json, Quiet, Seed, check_flags, progress, show, warned


def consolidate(
    program: Annotated[Path, typer.Argument(
        readable=False, help="A folder of `neuromorph compile`, with plastic projections.")],
    learned: Annotated[Path, typer.Option(
        readable=False, help="An .npz file with weights.NAME and tags.NAME of projections that "
                             "learned, such as a program's expected.npz.")],
    output: Annotated[Path, typer.Option(
        "-o", "--output", readable=False, help="Folder for the new program.")],
    how: Annotated[Literal["frozen", "anchored", "log8"], typer.Option(
        help="frozen: static synapses; anchored: those, and new plastic ones beside that fade; "
             "log8: weights times 2^(tag / 16).")] = "frozen",
    anchor: Annotated[float, typer.Option(
        help="Of anchored: what new weights lose at a time, m 2^e.")] = 2.0**-6,
    every: Annotated[int, typer.Option(
        help="Of anchored: they lose it every 2^K epochs.", metavar="K", min=0, max=9)] = 0,
    codes: Annotated[Path | None, typer.Option(
        readable=False, help="Of log8: codes.npz of an earlier consolidation.")] = None,
    unit: Annotated[str | None, typer.Option(
        help="Which network, by name or number, where there are several.")] = None,
    profile: Annotated[str | None, typer.Option(
        autocompletion=completion.profiles,
        help="Path of the hardware profile, where it is none of ours.")] = None,
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make what plastic synapses have learned the weights of a new program."""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.consolidate import consolidate as run

    with progress(quiet or as_json) as tell:
        found = run(program, learned, output, how=how, anchor=anchor, every=every, codes=codes,
                    unit=unit, profile=profile, force=force, progress=tell)
    show(found, lambda: _told(found), as_json=as_json, quiet=quiet)


def _told(found: dict[str, Any]) -> list[Any]:
    said = (f"{found['output']}: {found['unit']}, {found['how']}, on {found['cores']} cores; "
            f"{found['plastic_synapses']:,} of {found['plastic_synapses_before']:,} synapses "
            "go on learning")
    return [said, *warned(found["cautions"])]
