"""Lines of a text form: where they are, what they must look like, fields and numbers in them."""

from __future__ import annotations

import math
import re
from typing import NamedTuple, NoReturn

from neuromorph.errors import FileFormatError
from neuromorph.network.words import name_of

LONGEST = 1 << 26
"""Characters of a text."""

_FIELD = re.compile(r"([^ =]+)=('[^']*'|[^ ]*)(?: |$)")
_NUMBER = re.compile(r"-?\d{1,320}(?:\.\d{1,20})?(?:e[+-]\d{1,3})?", re.ASCII)


class Line(NamedTuple):
    """A line of a text, without the blanks before its section."""

    number: int
    text: str

    def refuse(self, what: str, *, found: object = None, expected: object = None,
               hint: str | None = None) -> NoReturn:
        """Say what is wrong with it.

        Raises
        ------
        FileFormatError
        """
        raise FileFormatError(what, where=f"line {self.number}", found=found, expected=expected,
                              hint=hint)


def lines_of(text: str) -> list[Line]:
    """The lines of a text by number, from 1.

    Raises
    ------
    FileFormatError
        If it is too long, or ends in the middle of a line.
    """
    if len(text) > LONGEST:
        raise FileFormatError("the text is too long", found=f"{len(text)} characters",
                              expected=f"at most {LONGEST}")
    lines = text.split("\n")
    if lines.pop():
        raise FileFormatError("the last line has no end", where=f"line {len(lines) + 1}",
                              hint="the text may have been cut")
    return [Line(n, line) for n, line in enumerate(lines, 1)]


def word_of(line: Line, written: str) -> str:
    """The name that a word stands for.

    Raises
    ------
    FileFormatError
    """
    try:
        return name_of(written)
    except ValueError:
        line.refuse("an escape that no name has", found=written,
                    expected=r"\\, \n, \r, \t, \x20, \u202e or \U0001f9e0")


def matched(line: Line, pattern: re.Pattern[str], form: str) -> re.Match[str]:
    """The parts of a line.

    Raises
    ------
    FileFormatError
    """
    found = pattern.fullmatch(line.text)
    if found is None:
        line.refuse("the line is not of its form", found=line.text, expected=form)
    return found


def fields_of(line: Line, written: str) -> dict[str, str]:
    """What stands on both sides of each ``=``.

    Raises
    ------
    FileFormatError
    """
    found: dict[str, str] = {}
    end = 0
    while end < len(written):
        match = _FIELD.match(written, end)
        if match is None:
            line.refuse("this is no field", found=written[end:], expected="NAME=VALUE")
        if match[1] in found:
            line.refuse("a field is there twice", found=match[1])
        found[match[1]] = match[2]
        end = match.end()
    return found


def number_of(line: Line, written: str, digits: int = 18) -> float:
    """Whole ones as integers, if they have no more digits than an array has room for.

    Raises
    ------
    FileFormatError
    """
    if not _NUMBER.fullmatch(written) or not math.isfinite(float(written)):
        line.refuse("this is no number", found=written)
    if written.lstrip("-").isdigit() and len(written) <= digits:
        return int(written)
    return float(written)


def text_of(line: Line, written: str) -> str:
    """A text without its quotes.

    Raises
    ------
    FileFormatError
    """
    if len(written) < 2 or not written[0] == written[-1] == "'":
        line.refuse("a text stands in quotes", found=written, expected=f"'{written}'")
    return word_of(line, written[1:-1])
