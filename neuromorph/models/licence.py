"""The licence that a model names for itself, so that who passes it on can say so."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

from neuromorph.errors import InputError, printable
from neuromorph.files.gguf_file import GgufFile
from neuromorph.files.opening import RegularFile

CARD = "README.md"
_READ = 1 << 14
"""Of a model card; what a machine reads stands at its beginning."""

_LINE = re.compile(r"^license(?:_name)?:[ \t]*['\"]?([\w.+ -]{1,80}?)['\"]?[ \t]*$", re.MULTILINE)
_KEY = "general.license"


def licence_of(model: Path) -> str | None:
    """What a GGUF file or the card of a folder says of its licence; None if it says nothing.

    The card is looked at for one line and never parsed: ``license: apache-2.0`` between the
    first two lines of three dashes.
    """
    try:
        if model.is_dir():
            return _of_card(model / CARD)
        if model.suffix.lower() != ".gguf":
            return None
        with closing(GgufFile(model)) as file:
            said = file.metadata.get(_KEY)
    except InputError:  # no card, or one that is no text: then nothing is known
        return None
    return printable(said, 80) if isinstance(said, str) and said.strip() else None


def _of_card(path: Path) -> str | None:
    with RegularFile(path) as file:
        head = file.read(0, min(file.size, _READ)).decode("utf-8", "replace")
    if not head.startswith("---\n"):
        return None
    found = _LINE.search(head.partition("\n---")[0])
    return None if found is None else found[1]
