"""Hardware profiles: lines and values exchanged, tables moved, chains of ``extends``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from random import Random

from fuzz_engine import Reader
from fuzz_values import TOML_RAWS
from mutate_bytes import maybe
from mutate_text import by_lines

from neuromorph.profiles import load_profile
from neuromorph.profiles.load import folder as shipped

HEAD = 'schema_version = 1\nname = "mine"\ntitle = "mine"\n'
CHILD = HEAD + 'extends = "base.toml"\nnotes = ["a note"]\n'
BASE = re.sub(r"source = .*", 'source = "a page"', (shipped() / "loihi1.toml").read_text())
TABLES = BASE.split("\n\n")[1:]
VALUES = ("0", "1", "-1", "true", '"text"', '""', "1.5", "4096", "8", "[]", "{}",
          '"pJ"', '"ns"', '"cores"', '"published"', '"assumed"', '"mine.toml"', '"base.toml"',
          '"loihi2"', '"./"', '"a\\u0000b.toml"', '"../../x.toml"', '"fitted"', "[1]", '["a"]',
          "9223372036854775807", '"' + "x" * 2000 + '"')


def make(rng: Random | None, folder: Path) -> Path:
    base, own = folder / "base.toml", folder / "mine.toml"
    if not base.exists():
        base.write_text(BASE)
    text = CHILD if rng is None else maybe(rng, _changed(rng).encode("utf-8", "replace"))
    own.write_bytes(text if isinstance(text, bytes) else text.encode())
    return own


def _changed(rng: Random) -> str:
    """A few tables of a whole profile below a head of its own, or all of it, with lines changed."""
    values = (*VALUES, *TOML_RAWS) if rng.random() < 0.2 else VALUES
    if rng.random() < 0.2:
        return by_lines(rng, BASE, values)
    tables = "\n".join(rng.sample(TABLES, rng.randrange(1, 9)))
    if rng.random() < 0.25:
        return by_lines(rng, CHILD, values) + "\n" + tables
    return CHILD + by_lines(rng, tables, values)


def read(path: Path) -> None:
    load_profile(os.fspath(path))


READER = Reader("profile", make, read)
