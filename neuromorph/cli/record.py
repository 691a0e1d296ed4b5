"""``neuromorph record MODEL.py:make --data FILE -o DIR``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from neuromorph.cli.common import Force, Json, Quiet, Seed, check_flags, progress, show
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


def record(
    model: Annotated[str, typer.Argument(
        help="FILE.py:NAME, a function that gives your torch.nn.Module. Your code is run.")],
    output: Annotated[Path, typer.Option(
        "-o", "--output", readable=False, help="Folder of the recording.")],
    data: Annotated[Path, typer.Option(
        readable=False,
        help="Arrays (.npz): one is the model's argument, several are its arguments by name; the "
             "first axis counts sequences.")],
    names: Map = None,
    heads: Heads = None,
    kv_heads: KvHeads = None,
    causal: Causal = None,
    fused_order: FusedOrder = None,
    transposed: Transposed = False,
    rope_theta: RopeTheta = None,
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run your own PyTorch model, and keep weights and hidden states for `export`."""
    check_flags(as_json=as_json, quiet=quiet)
    from neuromorph.api.record import record as run
    from neuromorph.models import Naming

    naming = naming_of(names, heads=heads, kv_heads=kv_heads, causal=causal,
                       fused_order=fused_order, transposed=transposed,
                       rope_theta=rope_theta) or Naming(where="the options")
    with progress(quiet or as_json) as tell:
        found = run(model, output, data=data, naming=naming, force=force, progress=tell)
    show(found.as_dict(), lambda: _told(found), as_json=as_json, quiet=quiet)


def _told(found: Any) -> list[Any]:
    seen = f"{found.sequences} sequences of {found.tokens} tokens"
    return [f"{found.path}: {found.layers} layers, {found.heads} heads; {seen}", *found.notes,
            f"Export it: neuromorph export {shlex.quote(str(found.path))} -o DIR"]
