"""Options of a model of a person's own: which tensor is what, and what no tensor says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from neuromorph.models import Naming

Map = Annotated[Path | None, typer.Option(
    "--map", readable=False,
    help="Of a model of your own: a TOML or JSON file that says which tensor is q, k and v, "
         "or qkv, of a {layer}; docs/models.md. Not needed for "
         "torch.nn.TransformerEncoder.")]
Heads = Annotated[int | None, typer.Option(
    help="Of a model of your own: query heads a layer.", min=1)]
KvHeads = Annotated[int | None, typer.Option(
    help="Of a model of your own: key-value heads; as many as heads if left out.", min=1)]
Causal = Annotated[bool | None, typer.Option(
    "--causal/--not-causal",
    help="Of a model of your own: whether a token sees only those before it.")]
FusedOrder = Annotated[Literal["blocks", "heads"] | None, typer.Option(
    help="Of a model of your own: whether one tensor of all three holds all queries, all keys, "
         "all values (blocks), or query, key and value head by head (heads).")]
Transposed = Annotated[bool, typer.Option(
    "--transposed", help="Of a model of your own: weights are (in, out), as in x @ W.")]
RopeTheta = Annotated[float | None, typer.Option(
    help="Of a model of your own: base of rotary positions, each half of a head turned "
         "against the other; none if left out.")]


def naming_of(path: Path | None, *, transposed: bool, **said: Any) -> Naming | None:
    """What the map and the options say together; None if neither is given."""
    told = {name: value for name, value in said.items() if value is not None}
    if transposed:
        told["transposed"] = True
    if path is None and not told:
        return None
    from neuromorph.models import read_naming
    from neuromorph.models.own.naming import naming_of

    options = naming_of(told, "the options")
    return options if path is None else read_naming(path).joined(options)
