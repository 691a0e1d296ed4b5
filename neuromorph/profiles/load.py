"""Find, read and check a hardware profile."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from neuromorph.errors import ProfileError, did_you_mean
from neuromorph.folders import PROFILES, find_folder
from neuromorph.profiles.consistency import check_consistency
from neuromorph.profiles.costs import Energy, Latency, Power
from neuromorph.profiles.document import SETS, Document
from neuromorph.profiles.fields import Fields, dotted, fields_of, section, sets_of
from neuromorph.profiles.inherit import Merged, merge
from neuromorph.profiles.profile import Family, Profile
from neuromorph.profiles.sections import Board, Chip, Core, Learning, Neuron, Synapse

SUFFIX = ".toml"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

TOP = ("schema_version", "name", "title", "extends", "family", "default_costs", "notes")


def folder() -> Path:
    """Where the profiles are that come with the package."""
    return find_folder(PROFILES)


@cache
def profile_names() -> tuple[str, ...]:
    """Names of the profiles that come with the package, sorted."""
    return tuple(sorted(path.stem for path in folder().glob(f"*{SUFFIX}")))


def load_profile(name_or_path: str | os.PathLike[str]) -> Profile:
    """Load a profile by its name, or from a file.

    Parameters
    ----------
    name_or_path : str or path
        One of `profile_names`, or a path; a text with a slash or ``.toml`` in it is a path.

    Raises
    ------
    MissingFileError
        If the file cannot be read.
    ProfileError
        If there is no such name, or the profile is invalid: file, line, field, what was found
        and what was expected.
    """
    if isinstance(name_or_path, str) and not _is_path(name_or_path):
        return _load_shipped(_shipped(name_or_path))
    return _load(Path(name_or_path))


def _is_path(text: str) -> bool:
    return text.endswith(SUFFIX) or "/" in text or os.sep in text


def _shipped(name: str, where: str | None = None) -> Path:
    if name not in profile_names():
        raise ProfileError("there is no profile of this name", where=where, found=name,
                           hint=did_you_mean(name, profile_names()))
    return folder() / f"{name}{SUFFIX}"


def _extended(name: str, document: Document) -> Path:
    """What ``extends`` means: a profile of the package, or a file beside the one that says so."""
    if _is_path(name):
        return document.path.parent / name
    return _shipped(name, document.where(("extends",)))


@cache
def _load_shipped(path: Path) -> Profile:
    """Once a process: a profile is frozen, and its file belongs to the package."""
    return _load(path)


def _load(path: Path) -> Profile:
    merged = merge(path, _extended)
    for document in merged.chain:
        _check_top(document)
    return _build(merged, fields_of(merged))


def _build(merged: Merged, fields: Fields) -> Profile:
    sets = {table: sets_of(fields, table) for table in SETS}
    profile = Profile(
        name=_text(merged.own, "name"),
        title=_text(merged.own, "title"),
        family=_family(merged),
        lineage=tuple(_text(document, "name") for document in merged.chain[1:]),
        notes=_notes(merged),
        board=section(Board, fields, "board"),
        chip=section(Chip, fields, "chip"),
        core=section(Core, fields, "core"),
        neuron=section(Neuron, fields, "neuron"),
        synapse=section(Synapse, fields, "synapse"),
        learning=section(Learning, fields, "learning"),
        energy=MappingProxyType({name: section(Energy, fields, "energy", name)
                                 for name in sets["energy"]}),
        latency=MappingProxyType({name: section(Latency, fields, "latency", name)
                                  for name in sets["latency"]}),
        power=MappingProxyType({name: section(Power, fields, "power", name)
                                for name in (*sets["energy"], *sets["power"])}),
        default_costs=_default_costs(merged, sets["energy"]),
        quantities=MappingProxyType({dotted(path): located.quantity
                                     for path, located in fields.items()}),
    )
    check_consistency(profile, _locator(merged, fields))
    return profile


def _locator(merged: Merged, fields: Fields) -> Callable[[str], str]:
    places: Mapping[str, str] = {dotted(path): located.where for path, located in fields.items()}
    return lambda name: places.get(name) or merged.own.where(tuple(name.split(".")))


def _check_top(document: Document) -> None:
    """Refuse unknown top-level names; every file says its own name and title."""
    for name in document.top:
        if name not in TOP:
            raise ProfileError("a profile has no such field", where=document.where((name,)),
                               found=name, hint=did_you_mean(name, TOP))
    if not NAME.fullmatch(_text(document, "name")):
        raise ProfileError("the name is wrong", where=document.where(("name",)),
                           found=document.top["name"],
                           expected="small letters, digits, - and _; at most 64")
    _text(document, "title")


def _text(document: Document, name: str) -> str:
    value = document.top.get(name)
    if value is None:
        raise ProfileError(f"{name} is missing", where=document.path, expected="a text")
    return _as_text(value, name, document)


def _as_text(value: Any, name: str, document: Document) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ProfileError(f"{name} is of the wrong type", where=document.where((name,)),
                           found=repr(value), expected="a text")
    return value


def _family(merged: Merged) -> Family:
    value, document = merged.top("family")
    families: tuple[Family, ...] = get_args(Family)
    for family in families:
        if value == family:
            return family
    raise ProfileError("the family is wrong" if value is not None else "family is missing",
                       where=document.where(("family",)), found=value,
                       expected=" or ".join(families),
                       hint=did_you_mean(str(value), families) if value is not None else None)


def _notes(merged: Merged) -> tuple[str, ...]:
    """Notes of the whole chain, the most general first."""
    notes: list[str] = []
    for document in reversed(merged.chain):
        own = document.top.get("notes", [])
        if not isinstance(own, list):
            raise ProfileError("notes is of the wrong type", where=document.where(("notes",)),
                               found=repr(own), expected="an array of texts")
        notes.extend(_as_text(note, "notes", document) for note in own)
    return tuple(notes)


def _default_costs(merged: Merged, sets: tuple[str, ...]) -> str | None:
    value, document = merged.top("default_costs")
    if value is None and not sets:
        return None
    if value not in sets:
        said = "default_costs is missing" if value is None else "default_costs names no set"
        near = did_you_mean(str(value), sets)
        raise ProfileError(said, where=document.where(("default_costs",)), found=value,
                           expected=" or ".join(sets) or "nothing: there are no costs",
                           hint=near if near.startswith("did") else None)
    return str(value)
