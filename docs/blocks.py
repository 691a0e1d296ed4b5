"""Code on the pages: what is run, and what is at least understood.

A ``python`` block is run, the blocks of a page one after another in one namespace, in an empty
folder. A line that begins with ``neuromorph``, indented or in a block of a shell, is given to the
command line's own parser: its command and its options exist. Cells of notebooks (``{code-cell}``)
are run by Sphinx, as the site is built.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NEED_TORCH = ("README.md", *(f"docs/{name}.md" for name in ("index", "look", "many", "models",
                                                            "whole")))
"""Pages whose blocks need torch, or what a command before them has written."""

FENCE = re.compile(r"^(?P<fence>```+)(?P<kind>[^\n]*)\n(?P<text>.*?)^(?P=fence)\s*$",
                   re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?: {4}|\$ )?neuromorph (?P<rest>[^\n]*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language and its text."""

    kind: str
    text: str


def pages() -> list[Path]:
    """README and every page that is written by hand or by `generate.py`."""
    return [HERE.parent / "README.md", *sorted(path for path in HERE.rglob("*.md")
                                               if "_build" not in path.parts)]


def blocks(page: Path) -> Iterator[Block]:
    """Its fenced blocks, in order."""
    for match in FENCE.finditer(page.read_text("utf-8")):
        yield Block(match["kind"].strip(), match["text"])


def run(page: Path, **given: Any) -> int:
    """Run the page's ``python`` blocks in one namespace, with what it takes as given; how many."""
    names: dict[str, Any] = {"__name__": page.stem, **given}
    count = 0
    for block in blocks(page):
        if block.kind == "python":
            count += 1
            exec(compile(block.text, f"{page.name}, block {count}", "exec"), names)
    return count


def commands(page: Path) -> Iterator[str]:
    """Lines that begin with ``neuromorph`` outside of python and of what a command prints."""
    text = FENCE.sub(lambda found: found["text"] if found["kind"].strip() in ("", "console", "sh")
                     else "", page.read_text("utf-8"))
    for match in COMMAND.finditer(text):
        yield re.split(r"\s{2,}#|\s(?:\||>|&&)\s", match["rest"], maxsplit=1)[0].strip()


def misunderstood(line: str) -> str | None:
    """What the command line's parser says against a line; None if nothing."""
    import typer.main

    from neuromorph.cli.app import app

    command: Any = typer.main.get_command(app)
    context = command.context_class(command, info_name="neuromorph")
    words = shlex.split(line)
    while words and hasattr(command, "get_command") and not words[0].startswith("-"):
        command = command.get_command(context, words[0])
        if command is None:
            return f"no command {words[0]}"
        words = words[1:]
        context = command.context_class(command, info_name=command.name, parent=context)
    try:
        command.make_parser(context).parse_args(words)
    except Exception as error:  # noqa: BLE001 - of click, which typer may carry under its own name
        return str(getattr(error, "message", error)) or type(error).__name__
    return None
