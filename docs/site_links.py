"""Links that lead out of `docs/`: to pages that the site includes, or into the source.

In the repository `../benchmarks/RESULTS.md` is a file that a reader may open; on the site it is
a page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "benchmarks/RESULTS.md": "results.md",
    "hardware_profiles/README.md": "reference/profile_files.md",
}
"""Pages of the site that stand for files outside of `docs/`."""

LINK = re.compile(r"\]\(((?!https?:|#)[^)#\s]+)(#[^)]*)?\)")


def on_the_site(source: Path, text: str) -> str:
    """The text of a page, its links to files outside of ``docs/`` turned to what stands for them.

    A file that no page stands for is named in code letters: the site holds no source files.
    """
    def turned(match: re.Match[str]) -> str:
        target = (source.parent / match[1]).resolve()
        if target.is_relative_to(HERE):
            return match[0]
        name = target.relative_to(HERE.parent).as_posix()
        if name in PAGES:
            up = "../" * len(source.relative_to(HERE).parent.parts)
            return f"]({up}{PAGES[name]}{match[2] or ''})"
        return f"]{{.file title=\"{name}\"}}"

    return LINK.sub(turned, text)


def setup(app: Any) -> dict[str, bool]:
    """Turn the links of each page as Sphinx reads it."""
    def read(_: Any, name: str, source: list[str]) -> None:
        source[0] = on_the_site(Path(app.env.doc2path(name)), source[0])

    def included(_: Any, path: Path, __: str, source: list[str]) -> None:
        source[0] = on_the_site(HERE / "x.md", rebased(HERE / path, source[0]))

    app.connect("source-read", read)
    app.connect("include-read", included)
    return {"parallel_read_safe": True}


def rebased(path: Path, text: str) -> str:
    """Links of a file outside of ``docs/``, as they would be written in ``docs/``."""
    def turned(match: re.Match[str]) -> str:
        target = (path.resolve().parent / match[1]).resolve()
        if target.is_relative_to(HERE):
            return f"]({target.relative_to(HERE).as_posix()}{match[2] or ''})"
        return f"](../{target.relative_to(HERE.parent).as_posix()}{match[2] or ''})"

    return LINK.sub(turned, text)
