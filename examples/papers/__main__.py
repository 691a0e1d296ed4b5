"""Run the papers' scripts, all or by name; figures and summary.json go to out/papers."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from time import perf_counter
from types import ModuleType

import examples.papers
from examples.papers.common import (
    Row,
    add_options,
    errors_told,
    print_rows,
    save_summary,
    tell,
)


def scripts() -> dict[str, ModuleType]:
    """The modules here that have a TITLE and a ``run``, by name, in alphabetical order."""
    return {name: module for name, module in _modules() if hasattr(module, "TITLE")}


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for found in sorted(pkgutil.iter_modules(examples.papers.__path__), key=lambda m: m.name):
        if found.name != "__main__":
            yield found.name, importlib.import_module(f"examples.papers.{found.name}")


def main(arguments: Sequence[str] | None = None) -> None:
    known = scripts()
    parser = argparse.ArgumentParser(prog="python -m examples.papers", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*known, []], metavar="NAME", default=[],
                        help=", ".join(known))
    add_options(parser)
    chosen = parser.parse_args(arguments)
    rows: list[Row] = []
    with errors_told():
        for name in chosen.names or known:
            print(f"== {known[name].TITLE}", flush=True)
            began = perf_counter()
            found = known[name].run(chosen.output, chosen.full, tell)
            print_rows(found)
            tell(f"{perf_counter() - began:.0f} s")
            rows += found
            # After each script: what is done stays done if a later one fails.
            save_summary(rows, chosen.output / "summary.json")


if __name__ == "__main__":
    main()
