"""Write the pages that repeat the code: docs/cli.md and docs/errors.md."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent


def cli_page() -> str:
    """Help of every command."""
    os.environ.update(COLUMNS="100", NO_COLOR="1", TERM="dumb")
    import typer.main
    from typer.testing import CliRunner

    from neuromorph.cli.app import app

    parts = ["# Command line\n\nWritten by `python docs/generate.py`.\n"]
    for name in ("", *typer.main.get_command(app).commands):  # type: ignore[attr-defined]
        result = CliRunner().invoke(app, [name, "--help"] if name else ["--help"],
                                    prog_name="neuromorph")
        text = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
        parts.append(f"## neuromorph {name}".rstrip() + f"\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def errors_page() -> str:
    """Every error class, its exit code and what it means."""
    from neuromorph import errors

    rows = ["# Errors\n\nWritten by `python docs/generate.py`. Every class is also a builtin.\n",
            "| class | exit code | meaning |", "|---|---|---|"]
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.NeuromorphError) and kind is not errors.NeuromorphError:
            builtins = [b.__name__ for b in kind.__mro__ if b.__module__ == "builtins"]
            meaning = " ".join((kind.__doc__ or "").split())
            rows.append(f"| `{kind.__name__}` ({builtins[0]}) | {kind.exit_code} | {meaning} |")
    return "\n".join(rows) + "\n"


PAGES = {"cli.md": cli_page, "errors.md": errors_page}


def main() -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    stale = [name for name, page in PAGES.items()
             if not (HERE / name).exists() or (HERE / name).read_text("utf-8") != page()]
    if "--check" in sys.argv:
        for name in stale:
            sys.stderr.write(f"docs/{name} is out of date: run python docs/generate.py\n")
        return len(stale)
    for name in stale:
        (HERE / name).write_text(PAGES[name](), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
