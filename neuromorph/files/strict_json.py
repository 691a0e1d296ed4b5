"""JSON that means one thing: no duplicate keys, no NaN, no byte-order mark, bounded depth."""

from __future__ import annotations

import json
import math

from neuromorph.errors import FileFormatError, MemoryBudgetError
from neuromorph.files.opening import RegularFile, StrPath
from neuromorph.files.sniff import HEAD_BYTES, refuse_other

JSON_LIMIT = 1 << 24
"""Longest text that is parsed, in bytes: parsing can take thirty times as much memory, and the
headers and indices of the largest models have some ten million bytes."""

_NUMBER_DIGITS = 20


class _LooseJsonError(ValueError):
    """Legal for Python's parser, but not here."""


def read_json(path: StrPath) -> object:
    """The value in a JSON file; the same care as :func:`parse_json`."""
    with RegularFile(path) as file:
        refuse_other(bytes(file.read(0, min(file.size, HEAD_BYTES))), "a JSON file", file.path,
                     allowed="a JSON", hint="give the file that was saved under this name")
        return parse_json(file.read(0, check_length(file.size, file.path)), file.path)


def check_length(size: int, where: object) -> int:
    """``size``, if a text of so many bytes may be parsed.

    Raises
    ------
    FileFormatError
        If it may not.
    """
    if size > JSON_LIMIT:
        raise FileFormatError("the file is too long for JSON", where=where, found=f"{size} bytes",
                              expected=f"at most {JSON_LIMIT} bytes")
    return size


def parse_json(data: bytes | bytearray, where: object, what: str = "the file") -> object:
    """The value of a JSON text in UTF-8; ``what`` is its name in messages.

    Raises
    ------
    FileFormatError
        When the text is not JSON, or is JSON that different parsers read differently.
    """
    text = _decode(data, where, what)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_int=_whole, parse_float=_finite,
                          parse_constant=_constant)
    except _LooseJsonError as fault:
        raise FileFormatError(f"{what} has {fault}", where=where) from fault
    except json.JSONDecodeError as error:
        place = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise FileFormatError(f"{what} is not JSON", where=where, found=place) from error
    except RecursionError as error:
        raise FileFormatError(f"{what} is nested too deeply", where=where) from error
    except MemoryError as error:
        raise MemoryBudgetError(f"not enough memory to parse {what}", where=where) from error


def _decode(data: bytes | bytearray, where: object, what: str) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise FileFormatError(f"{what} begins with a byte-order mark", where=where,
                              expected="plain UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{what} is not UTF-8", where=where,
                              found=f"{error.reason} at byte {error.start}") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _LooseJsonError(f"the key {key[:80]!r} twice in one object")
            seen.add(key)
    return result


def _whole(digits: str) -> int:
    if len(digits) > _NUMBER_DIGITS:
        raise _LooseJsonError(f"a number of {len(digits)} digits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _LooseJsonError(f"a number that is too large: {digits[:40]}")
    return value


def _constant(name: str) -> float:
    raise _LooseJsonError(f"the value {name}, which is not JSON")
