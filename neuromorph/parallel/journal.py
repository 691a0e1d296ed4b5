"""What is done of a work, item by item, so that one that was stopped goes on.

A folder for each work, named by a digest of all that its results depend on: ``journal.json``, which
tells people whose it is, and a file for each result, there whole or not at all. A file begins with
the digest, its number and a checksum, and is nothing if one of them is another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuromorph.errors import InputError
from neuromorph.files.atomic import write_file
from neuromorph.files.opening import RegularFile
from neuromorph.files.strict_json import read_json
from neuromorph.files.work import recover
from neuromorph.parallel.versions import versions
from neuromorph.parallel.work import Work

HEADER = "journal.json"
FORMAT = 1


class Journal:
    """The journal of a work.

    Parameters
    ----------
    place : Path, optional
        Folder of journals. Without, or for a work that is known by nothing, nothing is kept.
    work : Work
    """

    def __init__(self, place: Path | None, work: Work) -> None:
        self._work = work
        self._header = header_of(work)
        self._key = key_of(self._header)
        self._place = place
        self._folder = place / self._key if place is not None and work.known_by else None

    def check(self, *, resume: bool) -> None:
        """Refuse to go on from the journal of another run.

        Raises
        ------
        InputError
            If our folder holds one; or, with ``resume``, if there is none of ours, but one of the
            same name with other inputs, options or versions.
        """
        if self._folder is None or self._place is None:
            return
        ours = _read(self._folder / HEADER)
        if ours is not None and ours != self._header:
            raise InputError("this is the journal of another run", where=self._folder,
                             found=(_differences(ours, self._header) or [str(ours.get("work"))])[0],
                             hint="remove the folder")
        if resume and not self._folder.exists():
            self._refuse_others(self._place)

    def get(self, index: int) -> bytes | None:
        """The result of an item; None, if it is not there, damaged, or of another run."""
        if self._folder is None:
            return None
        try:
            with RegularFile(self._folder / _name(index)) as file:
                head, _, content = bytes(file.read(0, file.size)).partition(b"\n")
        except InputError:
            return None
        return content if head == self._head(index, content) else None

    def put(self, index: int, content: bytes) -> None:
        """Keep the result of an item.

        Raises
        ------
        WriteError
        """
        if self._folder is None:
            return
        if not (self._folder / HEADER).exists():
            write_file(self._folder / HEADER, json.dumps(self._header, indent=1) + "\n",
                       force=True)
        write_file(self._folder / _name(index), self._head(index, content) + b"\n" + content,
                   force=True)

    def clear(self) -> None:
        """Remove all of it, when nobody needs it any more."""
        if self._folder is None:
            return
        with suppress(OSError):  # somebody else has put something there
            self._sweep(self._folder)
            for index in range(len(self._work.items)):
                (self._folder / _name(index)).unlink(missing_ok=True)
            (self._folder / HEADER).unlink(missing_ok=True)
            self._folder.rmdir()

    def _sweep(self, folder: Path) -> None:
        """Remove what a run left that was killed while it wrote."""
        if any(folder.glob(".neuromorph-*")):
            for name in (HEADER, *map(_name, range(len(self._work.items)))):
                recover(folder / name)

    def _head(self, index: int, content: bytes) -> bytes:
        return f"{self._key} {index} {hashlib.sha256(content).hexdigest()}".encode()

    def _refuse_others(self, place: Path) -> None:
        """Name the one that differs least: it is the one that was meant."""
        found = [(path.parent, _differences(header, self._header))
                 for path in sorted(place.glob(f"*/{HEADER}"))
                 if (header := _read(path)) is not None
                 and header.get("work") == self._work.name]
        if found:
            folder, (first, *more) = min(found, key=lambda one: len(one[1]))
            raise InputError(
                "the journal that is here is of another run", where=folder, found=first,
                more=more, hint="give the same inputs and options as then, or leave --resume out "
                                "(in Python resume=False) to begin anew")


def header_of(work: Work) -> dict[str, Any]:
    """Whose journal it is: plain values."""
    return {"journal": FORMAT, "work": work.name, "pieces": len(work.items),
            "known_by": dict(work.known_by), "versions": dict(versions())}


def key_of(header: Mapping[str, Any]) -> str:
    """A name for a work: with other inputs, options or versions it has another."""
    return digest_of([json.dumps(header, sort_keys=True)])


def digest_of(parts: list[bytes | str]) -> str:
    """Of some parts, each with its length: 32 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()[:32]


def _read(path: Path) -> dict[str, Any] | None:
    """A header; None, if there is none that can be read."""
    try:
        found = read_json(path)
    except InputError:
        return None
    return found if isinstance(found, dict) and found.get("journal") == FORMAT else None


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """In what two headers differ; a number that a person knows before digests."""
    sides = [{"pieces": str(header.get("pieces")), **_texts(header.get("known_by")),
              **_texts(header.get("versions"))} for header in (found, wanted)]
    one, other = sides
    return [f"{name} {one.get(name, 'none')}, not {other.get(name, 'none')}"
            for name in dict.fromkeys([*other, *one]) if one.get(name) != other.get(name)]


def _texts(value: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def _name(index: int) -> str:
    return f"{index:06d}.part"
