"""A profile and all that it extends, as one set of fields that remember their file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromorph.errors import ProfileError
from neuromorph.profiles.document import Document, FieldPath, read_document

SCHEMA_VERSION = 1

DEEPEST = 8
"""Files of the longest chain of ``extends``."""

Resolve = Callable[[str, Document], Path]
"""The file that ``extends`` means, in the document that says it."""


@dataclass(frozen=True)
class Merged:
    """All fields of a chain of profiles; the nearest wins.

    Attributes
    ----------
    chain : tuple of Document
        The profile itself, then what it extends, then what that extends.
    """

    chain: tuple[Document, ...]

    @property
    def own(self) -> Document:
        """The file that was asked for."""
        return self.chain[0]

    def fields(self) -> dict[FieldPath, tuple[Any, Document]]:
        """Every field's value, and the document that it is from."""
        return {field: (value, document) for document in reversed(self.chain)
                for field, value in document.fields.items()}

    def top(self, name: str) -> tuple[Any, Document]:
        """A top-level value and its document; None and the profile itself if there is none."""
        for document in self.chain:
            if name in document.top:
                return document.top[name], document
        return None, self.own


def merge(path: Path, resolve: Resolve) -> Merged:
    """Read a profile and what it extends.

    Raises
    ------
    MissingFileError
    ProfileError
        Also if the chain is a cycle, or too long.
    """
    chain: list[Document] = []
    following: Path | None = path
    while following is not None:
        document = read_document(following)
        _check_version(document)
        chain.append(document)
        following = _parent(document, resolve)
        _check_chain(chain, following)
    return Merged(tuple(chain))


def _check_version(document: Document) -> None:
    """Ask for the version first: a newer schema may have other fields."""
    version, where = document.top.get("schema_version"), document.where(("schema_version",))
    if version is None:
        raise ProfileError("schema_version is missing", where=where, expected=SCHEMA_VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ProfileError("schema_version is wrong", where=where, found=repr(version),
                           expected=SCHEMA_VERSION)
    if version > SCHEMA_VERSION:
        raise ProfileError("the profile is written for a newer version of neuromorph",
                           where=where, found=f"schema_version {version}",
                           expected=f"at most {SCHEMA_VERSION}", hint="update neuromorph")


def _parent(document: Document, resolve: Resolve) -> Path | None:
    name = document.top.get("extends")
    if name is None:
        return None
    if not isinstance(name, str) or not name or not name.isprintable():
        raise ProfileError("extends is wrong", where=document.where(("extends",)),
                           found=repr(name), expected="the name of a profile, or a .toml file")
    return resolve(name, document)


def _check_chain(chain: list[Document], following: Path | None) -> None:
    if following is None:
        return
    where = chain[-1].where(("extends",))
    names = [document.path.stem for document in chain]
    for position, document in enumerate(chain):
        if document.path.resolve() == following.resolve():
            raise ProfileError("profiles extend each other in a circle", where=where,
                               found=" -> ".join([*names[position:], names[position]]))
    if len(chain) == DEEPEST:
        raise ProfileError("too many profiles extend one another", where=where,
                           found=" -> ".join([*names, following.stem]),
                           expected=f"at most {DEEPEST}")
