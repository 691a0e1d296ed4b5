r"""Names as single words of a text form, and back.

A name is written as it is. Only what would end the word or the line, or is not seen as it is,
is escaped as in Python: a blank is ``\x20``, a backslash is doubled, and ``->`` is ``-\x3e``.
"""

from __future__ import annotations

import re
import sys

from neuromorph.errors import escaped

_ESCAPE = re.compile(r"\\(?:(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))|(.?))", re.DOTALL)
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def word(name: str) -> str:
    """The name without a blank in it, and without ``->``."""
    return phrase(name).replace(" ", r"\x20").replace("->", r"-\x3e")


def phrase(text: str) -> str:
    """A text that ends its line or whose end is known: blanks stay."""
    return escaped(text.replace("\\", r"\\"))


def name_of(written: str) -> str:
    """The name that `word` or `phrase` wrote.

    Raises
    ------
    ValueError
        If there is an escape that neither of them writes.
    """
    return _ESCAPE.sub(_character, written)


def _character(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code and int(code, 16) <= sys.maxunicode:
        return chr(int(code, 16))
    if code or found[4] not in _SHORT:
        raise ValueError(f"no such escape: {found[0]}")
    return _SHORT[found[4]]
