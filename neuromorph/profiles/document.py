"""One profile file: read, parsed, flat, and able to say on which line a field is."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from neuromorph.errors import MissingFileError, NeuromorphError, ProfileError
from neuromorph.profiles.lines import lines_of
from neuromorph.shown import Shown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SIZE_LIMIT = 1 << 20
"""Bytes of a file that is still read."""

POSITION = re.compile(r" \(at line (\d+), column (\d+)\)$")

SETS = ("energy", "latency", "power")
"""Tables that hold several sets of constants, by name; all others hold fields."""

FieldPath: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Document(Shown):
    """One file as it stands, before anything is inherited.

    Attributes
    ----------
    path : Path
    top : dict
        Its top-level values by name.
    fields : dict
        What should be quantities, by path, for instance ``("core", "neurons")``.
    lines : dict
        The line of every table and key, from 1.
    """

    path: Path
    top: dict[str, Any]
    fields: dict[FieldPath, Any]
    lines: dict[FieldPath, int]

    def where(self, field: FieldPath = ()) -> str:
        """``file:line`` of a field, or of the table nearest to where it should be."""
        for end in range(len(field), 0, -1):
            if field[:end] in self.lines:
                return f"{self.path}:{self.lines[field[:end]]}"
        return str(self.path)


def read_document(path: Path) -> Document:
    """Read one profile file.

    A byte order mark and Windows line ends are fine.

    Raises
    ------
    MissingFileError
        If it is not there, not a plain file, or not readable.
    ProfileError
        If it is not UTF-8 or not TOML; with line and column.
    """
    text = _text(path, _content(path))
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, str(error)) from error
    except (ValueError, RecursionError) as error:  # a number of 5000 digits; a thousand brackets
        raise ProfileError("this is not valid TOML", where=path, found=error) from error
    top = {name: value for name, value in parsed.items() if not isinstance(value, dict)}
    tables = {name: value for name, value in parsed.items() if isinstance(value, dict)}
    return Document(path, top, dict(_flat(tables)), lines_of(text))


def _content(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise MissingFileError("a profile is a file", where=path, found="something else")
        if status.st_size > SIZE_LIMIT:
            raise ProfileError("the profile is too large", where=path,
                               found=f"{status.st_size} bytes", expected=f"at most {SIZE_LIMIT}")
        return path.read_bytes()
    except NeuromorphError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise MissingFileError("the profile cannot be read", where=os.fspath(path),
                               found=reason) from error


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise ProfileError("the profile is not UTF-8 text", where=f"{path}:{line}:{column}",
                           found=f"byte 0x{content[error.start]:02x}") from error


def _syntax_error(path: Path, message: str) -> ProfileError:
    """The parser's message, with its position where an editor finds it."""
    position = POSITION.search(message)
    where = f"{path}:{position[1]}:{position[2]}" if position else str(path)
    return ProfileError("this is not valid TOML", where=where, found=POSITION.sub("", message))


def _flat(tables: dict[str, Any]) -> Iterator[tuple[FieldPath, Any]]:
    """Every field by its path; a table without fields by its own, to be refused."""
    for section, table in tables.items():
        if not table:
            yield (section,), table
        for name, value in table.items():
            if section in SETS and _is_set(value):
                yield from (((section, name, field), item) for field, item in value.items())
            else:
                yield (section, name), value


def _is_set(value: Any) -> bool:
    """Whether this holds fields, and is not one."""
    return isinstance(value, dict) and bool(value) and "value" not in value
