"""English news from gensim's wheel: some articles to calibrate on, others to measure on."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def package_folder(name: str) -> Path:
    """Folder of an installed package, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{name} is not installed; see requirements/models.txt")
    return Path(spec.origin).parent


def articles() -> list[str]:
    """300 short articles, one a line."""
    path = package_folder("gensim") / "test" / "test_data" / "lee_background.cor"
    return path.read_text("utf-8").splitlines()
