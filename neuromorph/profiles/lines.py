"""On which line a TOML text has a key: the parser does not say.

The text is known to be valid. Only what profiles are made of is looked at: table headers and keys
at the beginning of a line, bare, quoted or dotted. What is not found has no line.
"""

from __future__ import annotations

import re

PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
KEY = rf"{PART}(?:[ \t]*\.[ \t]*{PART})*"
HEADER_LINE = re.compile(rf"[ \t]*\[[ \t]*({KEY})[ \t]*\]")
KEY_LINE = re.compile(rf"[ \t]*({KEY})[ \t]*=")
SEPARATOR = re.compile(rf"{PART}")


def lines_of(text: str) -> dict[tuple[str, ...], int]:
    """The first line of every table and key, from 1."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if header := HEADER_LINE.match(line):
            table = _parts(header[1])
            for end in range(1, len(table) + 1):
                found.setdefault(table[:end], number)
        elif key := KEY_LINE.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
    return found


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in SEPARATOR.findall(key))
