"""``neuromorph convert SOURCE``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from neuromorph.cli.common import Force, Json, Quiet, Seed, check_flags, progress, show


def convert(
    source: Annotated[Path, typer.Argument(
        readable=False, help="A bundle that `neuromorph export` made, or a folder of `neuromorph "
                             "compile`.")],
    output: Annotated[Path, typer.Option(
        "-o", "--output", readable=False, help="The file, which ends in .onnx or .nir.")],
    form: Annotated[Literal["onnx", "nir"] | None, typer.Option(
        "--format", help="By the output's ending if left out.")] = None,
    unit: Annotated[str | None, typer.Option(
        help="Which network, by name or number, where there are several.")] = None,
    cores: Annotated[bool, typer.Option(
        "--cores", help="Of a compiled program: a population for each core.")] = False,
    memory: Annotated[Literal["static", "plastic"], typer.Option(
        help="Of a bundle of heads: the sample's keys and values in the synapses, or synapses "
             "that plasticity writes.")] = "static",
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a network as ONNX, equal in every integer, or as NIR; say what is lost."""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.convert import convert as run

    with progress(quiet or as_json) as tell:
        found = run(source, output, form=form, unit=unit, cores=cores, memory=memory, force=force,
                    progress=tell)
    show(found, lambda: _told(found), as_json=as_json, quiet=quiet)


def _told(found: dict[str, Any]) -> list[Any]:
    inputs = ", ".join(f"{name} ({size})" for name, size in found["inputs"].items())
    written = (f"{found['output']}: {found['unit']} as {found['format']}, {found['label']}, "
               f"{found['bytes']:,} bytes")
    size = (f"{found['populations']} populations, {found['neurons']:,} neurons, "
            f"{found['projections']} projections; inputs: {inputs}")
    return [written, size, *(f"lost: {one}" for one in found["lost"])]
