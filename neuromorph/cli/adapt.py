"""``neuromorph adapt BUNDLE --text FILE -o DIR``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from neuromorph.cli.common import (
    Force,
    Json,
    Quiet,
    Seed,
    check_flags,
    check_force,
    progress,
    show,
    warned,
)
from neuromorph.cli.naming import (
    Causal,
    FusedOrder,
    Heads,
    KvHeads,
    Map,
    RopeTheta,
    Transposed,
    naming_of,
)

if TYPE_CHECKING:
    from neuromorph.api.adapt import AdaptReport


def adapt(
    bundle: Annotated[Path, typer.Argument(
        readable=False, help="A bundle of attention that `neuromorph export` made.")],
    text: Annotated[Path | None, typer.Option(
        readable=False, help="What it will run on: text (.txt, one passage a line), or arrays "
                             "(.npz) of images or of hidden.0, hidden.1, …, as export's "
                             "--calibrate; the digits model brings its own.")] = None,
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", readable=False,
        help="Folder of the adapted bundle; without, it is only measured.")] = None,
    against: Annotated[Path | None, typer.Option(
        readable=False, help="The model that the bundle was made from, where it is not in the "
                             "bundle.")] = None,
    alpha: Annotated[float | None, typer.Option(
        help="Share of a drift that a passage makes up for, more than 0 and at most 1; .3 if left "
             "out.")] = None,
    follow: Annotated[Literal["windows", "centres", "scales"], typer.Option(
        help="What follows, each with those before it: windows, which only widen; centres of keys; "
             "scales of queries and keys, which did harm where it was measured.")] = "windows",
    names: Map = None,
    heads: Heads = None,
    kv_heads: KvHeads = None,
    causal: Causal = None,
    fused_order: FusedOrder = None,
    transposed: Transposed = False,
    rope_theta: RopeTheta = None,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let the windows of a bundle's heads follow other text, and say what that did."""
    check_flags(as_json=as_json, quiet=quiet)
    check_force(output, force=force)
    from neuromorph.api.adapt import adapt as run
    from neuromorph.dynamics.homeostasis import ALPHA

    naming = naming_of(names, transposed=transposed, heads=heads, kv_heads=kv_heads, causal=causal,
                       fused_order=fused_order, rope_theta=rope_theta)
    with progress(quiet or as_json) as tell:
        found = run(bundle, text, output, against=against, alpha=ALPHA if alpha is None else alpha,
                    follow=follow, naming=naming, seed=seed, force=force, progress=tell)
    show(found.as_dict(), lambda: _shown(found), as_json=as_json, quiet=quiet)


def _shown(found: AdaptReport) -> list[Any]:
    from rich.text import Text

    from neuromorph.report.adapting import fit_table

    run = [] if found.path is None else [
        f"Run it: neuromorph simulate {shlex.quote(str(found.path))}"]
    return [fit_table(found.as_dict()), *map(Text, found.notes), *warned(found.cautions), *run]
