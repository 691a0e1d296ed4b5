"""Run the papers' scripts, all or by name; figures and summary.json go to out/papers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from examples.papers.about import KEPT, keep
from examples.papers.common import Row, add_options, errors_told, print_rows, save_summary, tell
from examples.papers.scripts import Script, result_of, rows_of, scripts, source_digest, title
from neuromorph.api.run_seeds import WORK
from neuromorph.files.atomic import write_file
from neuromorph.parallel import ARRAYS, Doing, Spread, Work, carry_out
from neuromorph.progress import silent


def main(arguments: Sequence[str] | None = None) -> None:
    known = scripts()
    parser = argparse.ArgumentParser(prog="python -m examples.papers", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*known, []], metavar="NAME", default=[],
                        help=", ".join(known))
    add_options(parser)
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N",
                        help="processes that share the scripts, to the same numbers (1)")
    parser.add_argument("--scheduler", metavar="ADDRESS",
                        help="a Dask scheduler, whose workers share them: tcp://host:8786")
    parser.add_argument("--resume", action="store_true",
                        help="go on from what an interrupted run kept")
    parser.add_argument("--keep", action="store_true",
                        help=f"rows also to {KEPT.parent.name}/{KEPT.name}, for docs/papers.md")
    chosen = parser.parse_args(arguments)
    names = chosen.names or list(known)
    with errors_told():
        spread = Spread(chosen.jobs, chosen.scheduler, chosen.resume)
        work = Work("papers", Doing(Script(chosen.full, aloud=spread.here), result_of, ARRAYS),
                    names, "script", {"scripts": source_digest(), "names": " ".join(names),
                                      "full": str(chosen.full)})
        written = _Written(names, chosen.output, titled=spread.here, keeps=chosen.keep)
        carry_out(work, spread, keep=WORK, progress=silent if spread.here else tell,
                  each=written).journal.clear()


class _Written:
    """Prints and writes what each script found: what is done stays done if a later one fails."""

    def __init__(self, names: Sequence[str], output: Path, *, titled: bool, keeps: bool) -> None:
        self._names, self._output, self._titled, self._keeps = names, output, titled, keeps
        self._rows: list[Row] = []

    def __call__(self, index: int, found: dict[str, Any]) -> None:
        rows, seconds = rows_of(found)
        if not self._titled:
            title(self._names[index])
        print_rows(rows)
        tell(f"{seconds:.0f} s")
        for name, content in found.items():
            if name.startswith("file "):
                write_file(self._output / name.removeprefix("file "),
                           np.asarray(content).tobytes(), force=True)
        if self._keeps:
            keep(self._names[index], rows)
        self._rows += rows
        save_summary(self._rows, self._output / "summary.json")


if __name__ == "__main__":
    main()
