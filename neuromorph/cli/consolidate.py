"""``neuromorph consolidate PROGRAM``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from neuromorph.cli import completion
from neuromorph.cli.common import Force, Json, Quiet, Seed, check_flags, progress, show, warned


def consolidate(
    program: Annotated[Path, typer.Argument(
        readable=False, help="Folder of a compiled program in which something learns: program.json "
                             "and weights.npz.")],
    learned: Annotated[Path, typer.Option(
        readable=False, help="What it learned: an .npz of weights.NAME and tags.NAME for each "
                             "plastic projection NAME, as save_learned writes it; the "
                             "expected.npz beside a program has the same names. Others stay as "
                             "they are.")],
    output: Annotated[Path, typer.Option(
        "-o", "--output", readable=False, help="Folder for the new program.")],
    how: Annotated[Literal["frozen", "anchored", "log8"], typer.Option(
        help="frozen: learned weights are fixed, and nothing learns any more; anchored: they are "
             "fixed, and new synapses beside them learn on, from 0, and fade; log8: weights "
             "become w times 2^(tag / 16) and learn on, for rules that add to a tag.")] = "frozen",
    anchor: Annotated[float, typer.Option(
        help="Of anchored: the share of a new weight that fades at a time; a whole number times a "
             "power of 2.")] = 2.0**-6,
    every: Annotated[int, typer.Option(
        help="Of anchored: it fades every 2^K learning epochs.", metavar="K", min=0, max=9)] = 0,
    codes: Annotated[Path | None, typer.Option(
        readable=False, help="Of log8: the codes.npz that an earlier --how log8 left in its "
                             "folder; so nothing is rounded twice.")] = None,
    unit: Annotated[str | None, typer.Option(
        help="Which network of the program, by name or number, where there are several.")] = None,
    profile: Annotated[str | None, typer.Option(
        autocompletion=completion.profiles,
        help="Path of the hardware profile that it was compiled for, if that is a file of your "
             "own.")] = None,
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Keep what a program has learned: its weights after a run become those of a new program.

    For a learning network of your own, made in Python with neuromorph.backends,
    neuromorph.compile (Unit, compile_units), neuromorph.compile.program_file (write_program),
    neuromorph.profiles (load_profile) and neuromorph.api.consolidate (save_learned).

    Not for bundles: what heads write is overwritten by the next tokens (--memory static).

    1. Compile it: write_program("PROGRAM", compile_units([Unit("mine", network)],
    load_profile("loihi2")).program).

    2. Run it, run = backends.get("fast").run(network, inputs, [], steps), and keep weights and
    tags: save_learned(run.synapses, "learned.npz").

    3. neuromorph consolidate PROGRAM --learned learned.npz -o NEW

    NEW is compiled anew, ready for the next task. In full: docs/plasticity.md.
    """
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.consolidate import consolidate as run

    with progress(quiet or as_json) as tell:
        found = run(program, learned, output, how=how, anchor=anchor, every=every, codes=codes,
                    unit=unit, profile=profile, force=force, progress=tell)
    show(found, lambda: _told(found), as_json=as_json, quiet=quiet)


def _told(found: dict[str, Any]) -> list[Any]:
    said = (f"{found['output']}: {found['unit']}, {found['how']}, on {found['cores']} "
            f"core{'s' * (found['cores'] != 1)}; "
            f"{found['plastic_synapses']:,} of {found['plastic_synapses_before']:,} synapses "
            "go on learning")
    return [said, *warned(found["cautions"])]
