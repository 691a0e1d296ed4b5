"""The gallery: a page for each script of `examples/gallery`, with its picture, its words, its code.

Written when the site is built, into `docs/gallery`, which is not kept: the scripts are.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
GALLERY = HERE / "gallery"
ORDER = ("digits", "sentences", "writing", "episode", "hopfield", "one_chip")


def scripts() -> dict[str, ModuleType]:
    """Those of ORDER; a script that is not there, or not in ORDER, is an error."""
    from examples.gallery.__main__ import names

    if sorted(ORDER) != names():
        raise SystemExit(f"docs/gallery_pages.py orders {sorted(ORDER)}, there are {names()}")
    return {name: importlib.import_module(f"examples.gallery.{name}") for name in ORDER}


def page(name: str, script: ModuleType) -> str:
    """Title, what it is, the picture, and the script as it is run."""
    return (f"# {script.TITLE}\n\n{script.__doc__}\n\n"
            f"```{{image}} pictures/{name}.png\n:alt: {script.ALT}\n```\n\n"
            f"    python -m examples.gallery {name}\n\n"
            f"```{{literalinclude}} ../../examples/gallery/{name}.py\n:language: python\n```\n")


def cards(folder: str) -> str:
    """A grid of thumbnails that lead to the pages, for a page that lies above ``folder``."""
    return "".join([
        "::::{grid} 1 2 2 3\n:gutter: 3\n\n",
        *(f":::{{grid-item-card}} {script.TITLE}\n:link: {folder}{name}\n:link-type: doc\n"
          f":img-top: {folder}pictures/{name}.png\n:img-alt: {script.ALT}\n\n"
          f"{script.__doc__.splitlines()[0]}\n:::\n\n" for name, script in scripts().items()),
        "::::\n"])


def write() -> None:
    """Draw what is missing, write pages and the index."""
    GALLERY.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-W", "ignore", "-m", "examples.gallery",
                    "-o", str(GALLERY / "pictures")], check=True, cwd=HERE.parent)
    listed = "\n".join(ORDER)
    pages = {"index": f"# Gallery\n\n{cards('')}\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"}
    pages |= {name: page(name, script) for name, script in scripts().items()}
    for name, text in pages.items():
        path = GALLERY / f"{name}.md"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Write the gallery before Sphinx looks for pages, and its cards into the front page."""
    def begin(_: Any) -> None:
        write()

    def read(_: Any, name: str, source: list[str]) -> None:
        if name == "index":
            source[0] = source[0].replace("<!-- gallery -->", cards("gallery/"))

    app.connect("builder-inited", begin, priority=1)
    app.connect("source-read", read)
    return {"parallel_read_safe": True}
