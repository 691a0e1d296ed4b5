"""``neuromorph generate BUNDLE PROMPT``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuromorph.cli.common import (
    Json,
    Quiet,
    Seed,
    check_flags,
    check_unused,
    emit,
    progress,
    show,
    warned,
)

if TYPE_CHECKING:
    from neuromorph.api.float_text import FloatText
    from neuromorph.api.generate import Generation


def generate(
    bundle: Annotated[Path, typer.Argument(
        readable=False, help="A bundle of a whole model, from neuromorph export --whole.")],
    prompt: Annotated[str, typer.Argument(help="The text to continue.")],
    tokens: Annotated[int, typer.Option(help="Most tokens to generate.", min=1)] = 64,
    temperature: Annotated[float, typer.Option(
        help="Above 0, tokens are drawn; 0 takes the likeliest each time.", min=0.0)] = 0.0,
    top_k: Annotated[int | None, typer.Option(
        "--top-k", help="Draw from so many of the likeliest tokens alone.", min=1)] = None,
    chat: Annotated[bool, typer.Option(
        "--chat", help="The prompt is what a person says first in a chat.")] = False,
    compare: Annotated[bool, typer.Option(
        "--compare", help="Show the float model's text and speed beside; needs the hf extra, and "
                          "--model.")] = False,
    model: Annotated[Path | None, typer.Option(
        readable=False, help="The model that the bundle was made from, for --compare.")] = None,
    compiled: Annotated[Path | None, typer.Option(
        readable=False, help="A folder that `neuromorph compile -o` made of the bundle: show the "
                             "text's energy and time on that board, as estimated there.")] = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Continue a text with a whole model in integers."""
    check_flags(as_json=as_json, quiet=quiet)
    if not compare:
        check_unused("no float model is run without --compare", "add --compare, or leave it out",
                     {"--model": model})
    from neuromorph.api.compiled_costs import compiled_costs
    from neuromorph.api.float_text import original_of
    from neuromorph.api.generate import generate as run
    from neuromorph.bundle.whole import load_whole

    with progress(quiet or as_json) as tell:
        tell("reading the bundle")
        loaded = load_whole(bundle)
        costs = None if compiled is None else compiled_costs(compiled, loaded)
        if compare:
            tell("reading the float model")
        beside = original_of(loaded, model) if compare else None
        made = run(loaded, prompt, tokens=tokens, temperature=temperature, top_k=top_k,
                   seed=seed, chat=chat, progress=tell)
    for piece in made:
        if not (as_json or quiet):
            emit(piece)
    if not (as_json or quiet):
        emit("\n")
    float_text = None if beside is None else beside.continued(made)
    band = None if costs is None else costs.of(len(made.prompt), made.said)
    result = made.as_dict() | ({} if float_text is None else float_text.as_dict())
    show(result | ({} if band is None else {"estimate": band}),
         lambda: _shown(made, float_text, band, loaded.cautions), as_json=as_json, quiet=quiet)


def _shown(
    made: Generation, beside: FloatText | None, band: dict[str, Any] | None, cautions: Any
) -> list[Any]:
    from neuromorph.report.generation import estimate_lines, generation_lines

    return [*generation_lines(made.as_dict(), None if beside is None else beside.as_dict()),
            *([] if band is None else estimate_lines(band)), *made.notes, *warned(cautions)]
