"""The manifest: what a bundle holds, where it came from, and a checksum of every file."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from neuromorph.errors import (
    ODD,
    BundleError,
    InputError,
    MissingFileError,
    did_you_mean,
    printable,
)
from neuromorph.files.opening import RegularFile
from neuromorph.files.outputs import MANIFEST, MANIFEST_LIMIT
from neuromorph.memory import require

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA_VERSION = 2

AGAIN = "export the model again"

Name = Annotated[str, Field(min_length=1, max_length=512)]


class Strict(BaseModel):
    """Fields of these names and types, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FileEntry(Strict):
    """Size in bytes and sha256 of one file."""

    name: Name
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Said(Strict):
    """What the ``manifest.toml`` of every kind of bundle says.

    Attributes
    ----------
    schema_version : int
    generator : str
        Name and version of the program that wrote it.
    family : str
        Model family.
    options, provenance : dict
        What the translation was asked for, and the model's files with their checksums.
    files : list of FileEntry
    """

    version: ClassVar[int]
    tag: ClassVar[str | None] = None
    command: ClassVar[str]

    schema_version: int
    generator: Name
    family: Name
    options: dict[str, JsonValue]
    provenance: dict[str, JsonValue]
    files: list[FileEntry]


class Manifest(Said):
    """What that of attention says.

    Attributes
    ----------
    causal : bool
    layers : list of str
        Layer names, in the order of the arrays.
    step_nats : float
    """

    version: ClassVar[int] = SCHEMA_VERSION
    command: ClassVar[str] = "neuromorph export MODEL -o DIR"

    causal: bool
    layers: Annotated[list[Name], Field(min_length=1)]
    step_nats: Annotated[float, Field(gt=0)]


AnyManifest = TypeVar("AnyManifest", bound=Said)
AnyStrict = TypeVar("AnyStrict", bound=Strict)

KINDS = {None: "of attention", "whole": "of a whole model", "memories": "of memories"}
"""What a manifest says that it is of, and how that is said to a person."""

_WAY_ON = {None: "it is for neuromorph simulate, compile and inspect",
           "whole": "it is for neuromorph generate, evaluate, compile and inspect",
         "memories": "it is for neuromorph simulate, evaluate, compile and inspect"}


def entries(folder: Path) -> list[FileEntry]:
    """Every file of a folder but the manifest, by name."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.name != MANIFEST:
            with RegularFile(path) as file:
                found.append(FileEntry(name=path.name, size=file.size, sha256=file.sha256()))
    return found


def write_manifest(folder: Path, manifest: Said) -> None:
    """Write ``manifest.toml``; the same manifest gives the same bytes.

    Raises
    ------
    BundleError
        If it is longer than what would be read again.
    """
    dumped = tomli_w.dumps(manifest.model_dump(exclude_none=True))
    text = ODD.sub(lambda found: _toml_escape(found[0]), dumped).encode()
    if len(text) > MANIFEST_LIMIT:
        raise BundleError("the manifest would be too large", found=f"{len(text)} bytes",
                          expected=f"at most {MANIFEST_LIMIT}")
    (folder / MANIFEST).write_bytes(text)


def _toml_escape(character: str) -> str:
    """TOML's own escape of what is not seen, for it stands in a string: the file is harmless."""
    if character.isprintable() or character == "\n":
        return character
    return f"\\U{ord(character):08X}"


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """What TOML and JSON can say of some values: nothing for None, escapes for odd characters."""
    return {printable(name): _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return printable(value, MANIFEST_LIMIT) if isinstance(value, str) else value


def is_bundle(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder says that it is a bundle."""
    try:
        return os.path.lexists(Path(folder) / MANIFEST)
    except ValueError:  # NUL in the path
        return False


def kind_said(folder: str | os.PathLike[str]) -> str | None:
    """What a manifest says that its bundle is of: one of `KINDS`, None of attention.

    Raises
    ------
    MissingFileError, BundleError
    """
    return _kind(_fields(_manifest_of(Path(folder))))


def read_manifest(
    folder: Path, names: Collection[str], optional: Collection[str],
    said: type[AnyManifest], *, verify: bool = True,
) -> AnyManifest:
    """Read and check a manifest and the files it names.

    Parameters
    ----------
    folder : Path
    names : collection of str
        Files that must be there.
    optional : collection of str
        Files that may be there.
    said : type
        Fields of its kind of bundle.
    verify : bool
        Whether checksums are compared, and not sizes alone.

    Raises
    ------
    MissingFileError, BundleError
    """
    path = _manifest_of(folder, said.command)
    manifest = _parse(path, said)
    _check_names(path, [entry.name for entry in manifest.files], names, optional)
    _check_files(folder, manifest.files, verify=verify)
    return manifest


def _manifest_of(folder: Path, command: str = Manifest.command) -> Path:
    if not is_bundle(folder):
        raise MissingFileError("this is not a bundle", where=folder,
                               found="no such folder" if not folder.exists() else None,
                               expected=f"a folder with {MANIFEST}",
                               hint=f"make one with: {command}")
    return folder / MANIFEST


def _parse(path: Path, said: type[AnyManifest]) -> AnyManifest:
    fields = _fields(path)
    _check_kind(path, fields, said.tag)
    _check_version(path, fields, said.version)
    return valid(said, fields, path, "the manifest")


def valid(said: type[AnyStrict], fields: object, path: Path, what: str) -> AnyStrict:
    """The fields of a file, each of its type and range.

    Raises
    ------
    BundleError
        Naming the first that is not; ``what`` is the file in messages.
    """
    try:
        return said.model_validate(fields)
    except ValidationError as error:
        raise _wrong_field(path, error, said, what) from error


def _fields(path: Path) -> dict[str, Any]:
    content = _content(path)  # its errors are ValueErrors too, but say themselves what is wrong
    try:
        fields: dict[str, Any] = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # UTF-8, TOML, a number of 5000 digits
        raise BundleError("the manifest is not valid TOML", where=path, found=error,
                          hint=AGAIN) from error
    return fields


def _kind(fields: Mapping[str, Any]) -> str | None:
    kind = fields.get("kind")
    return kind if isinstance(kind, str) else None


def _check_kind(path: Path, fields: Mapping[str, Any], tag: str | None) -> None:
    found = _kind(fields)
    if found != tag and found in KINDS:
        raise BundleError("this is another kind of bundle", where=path.parent,
                          found=f"one {KINDS[found]}", expected=f"one {KINDS[tag]}",
                          hint=_WAY_ON[found])


def _content(path: Path) -> bytes:
    try:
        with RegularFile(path) as file:
            if file.size > MANIFEST_LIMIT:
                raise BundleError("the manifest is too large", where=path,
                                  found=f"{file.size} bytes",
                                  expected=f"at most {MANIFEST_LIMIT}")
            return bytes(file.read(0, file.size))
    except BundleError:
        raise
    except InputError as error:
        raise BundleError(f"the manifest cannot be read: {error.what}", where=path,
                          found=error.found, expected=error.expected) from error


def _check_version(path: Path, fields: Mapping[str, Any], known: int) -> None:
    """Ask for the version first: a newer schema may have other fields."""
    version = fields.get("schema_version")
    if version != known or isinstance(version, bool):
        newer = isinstance(version, int) and version > known
        raise BundleError("the bundle is of another schema version", where=path,
                          found="none" if version is None else version, expected=known,
                          hint="update neuromorph, or export the model again" if newer else AGAIN)


def _wrong_field(
    path: Path, error: ValidationError, said: type[Strict], what: str
) -> BundleError:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    unknown = first["type"] == "extra_forbidden"
    near = did_you_mean(name, said.model_fields) if unknown else AGAIN
    return BundleError(f"{what} has an unknown field" if unknown else
                       f"a field of {what} is missing or wrong", where=path,
                       found=name if unknown else f"{name}: {first['msg']}",
                       hint=near if near.startswith("did") or near == AGAIN else None)


def _check_names(path: Path, listed: list[str], names: Collection[str],
                 optional: Collection[str]) -> None:
    twice = sorted({name for name in listed if listed.count(name) > 1})
    unknown = sorted(set(listed).difference(names, optional))
    missing = sorted(set(names).difference(listed))
    for what, found in (("the manifest lists a file twice", twice),
                        ("the manifest lists a file that no bundle has", unknown),
                        ("the manifest does not list a file that a bundle has", missing)):
        if found:
            raise BundleError(what, where=path, found=found[0], hint=AGAIN)


def _check_files(folder: Path, files: list[FileEntry], *, verify: bool) -> None:
    """All sizes, and whether they fit into memory, before a byte is read."""
    for entry in files:
        with _opened(folder / entry.name) as file:
            if file.size != entry.size:
                raise BundleError("a file of the bundle was altered or cut", where=file.path,
                                  found=f"{file.size} bytes", expected=f"{entry.size} bytes",
                                  hint=AGAIN)
    require(sum(entry.size for entry in files), folder)
    for entry in files if verify else ():
        with _opened(folder / entry.name) as file:
            _check_digest(file, entry)


def _check_digest(file: RegularFile, entry: FileEntry) -> None:
    found = file.sha256() if file.size == entry.size else "of other bytes"
    if found != entry.sha256:
        raise BundleError("a file of the bundle was altered", where=file.path,
                          found=f"sha256 {found[:12]}…", expected=f"{entry.sha256[:12]}…",
                          hint=AGAIN)


def _opened(path: Path) -> RegularFile:
    if path.is_symlink() or not path.is_file():
        raise BundleError("a file of the bundle is missing or not a plain file", where=path,
                          hint=AGAIN)
    try:
        return RegularFile(path)
    except InputError as error:
        raise BundleError(f"a file of the bundle cannot be read: {error.what}", where=path,
                          found=error.found, hint=AGAIN) from error
