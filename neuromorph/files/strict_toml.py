"""A short TOML file that a person wrote, with line and column of what is wrong in it."""

from __future__ import annotations

import sys

from neuromorph.errors import FileFormatError
from neuromorph.files.opening import RegularFile, StrPath
from neuromorph.files.sniff import HEAD_BYTES, refuse_other

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIMIT = 1 << 20


def read_toml(path: StrPath) -> dict[str, object]:
    """The fields of a file; a byte-order mark and Windows line ends are fine.

    Raises
    ------
    MissingFileError, FileFormatError
    """
    with RegularFile(path) as file:
        if file.size > LIMIT:
            raise FileFormatError("the file is too long", where=path, found=f"{file.size} bytes",
                                  expected=f"at most {LIMIT}")
        raw = file.read(0, file.size)
    refuse_other(bytes(raw[:HEAD_BYTES]), "a TOML file", path, allowed="a JSON")
    try:
        fields: dict[str, object] = tomllib.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # TOML's own errors and those of UTF-8 too
        raise FileFormatError("this is not valid TOML", where=path, found=error) from error
    return fields
