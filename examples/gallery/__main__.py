"""Draw pictures of the gallery: ``python -m examples.gallery -o FOLDER [NAME ...]``."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from pathlib import Path

import examples.gallery


def names() -> list[str]:
    """Every script, in alphabetical order."""
    return sorted(found.name for found in pkgutil.iter_modules(examples.gallery.__path__)
                  if not found.name.startswith("_"))


def main() -> None:
    """Draw those that are named, or all; one that lies there already is left."""
    parser = argparse.ArgumentParser(prog="python -m examples.gallery", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *names()], metavar="NAME")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/gallery"))
    parser.add_argument("--force", action="store_true", help="draw again what lies there")
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or names():
        path = chosen.output / f"{name}.png"
        if chosen.force or not path.exists():
            print(f"== {name}", flush=True)
            importlib.import_module(f"examples.gallery.{name}").draw(path)


if __name__ == "__main__":
    main()
