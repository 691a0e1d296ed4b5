"""The manifest: what a bundle holds, where it came from, and a checksum of every file."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, ValidationError

from neuromorph.bundle.atomic import MARKER
from neuromorph.errors import BundleError, MissingFileError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA_VERSION = 1
MANIFEST_LIMIT = 1 << 20


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FileEntry(_Strict):
    """Size in bytes and sha256 of one file."""

    name: str
    size: int
    sha256: str


class Manifest(_Strict):
    """What ``manifest.toml`` says.

    Attributes
    ----------
    schema_version : int
    generator : str
        Name and version of the program that wrote it.
    family : str
        Model family.
    causal : bool
    layers : list of str
        Layer names, in the order of the arrays.
    step_nats : float
    options, provenance : dict
        What the translation was asked for, and the model's files with their checksums.
    files : list of FileEntry
    """

    schema_version: int
    generator: str
    family: str
    causal: bool
    layers: list[str]
    step_nats: float
    options: dict[str, Any]
    provenance: dict[str, Any]
    files: list[FileEntry]


def entries(folder: Path) -> list[FileEntry]:
    """Every file of a folder but the manifest, by name."""
    return [FileEntry(name=p.name, size=p.stat().st_size, sha256=digest(p))
            for p in sorted(folder.iterdir()) if p.is_file() and p.name != MARKER]


def digest(path: Path) -> str:
    """Sha256 of a file, in pieces."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            total.update(piece)
    return total.hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.toml``; the same manifest gives the same bytes."""
    (folder / MARKER).write_bytes(tomli_w.dumps(manifest.model_dump()).encode())


def read_manifest(folder: Path) -> Manifest:
    """Read and check a manifest and the files it names.

    Raises
    ------
    MissingFileError, BundleError
    """
    path = folder / MARKER
    if not path.is_file():
        raise MissingFileError("this is not a bundle: it has no manifest", where=folder,
                               expected=MARKER, hint="make one with: neuromorph export MODEL -o DIR")
    manifest = _parse(path)
    if manifest.schema_version != SCHEMA_VERSION:
        raise BundleError("the bundle is of another schema version", where=path,
                          found=manifest.schema_version, expected=SCHEMA_VERSION,
                          hint="export the model again with this version")
    for entry in manifest.files:
        _check_file(folder, entry)
    return manifest


def _parse(path: Path) -> Manifest:
    if path.stat().st_size > MANIFEST_LIMIT:
        raise BundleError("the manifest is too large", where=path, found=path.stat().st_size,
                          expected=f"at most {MANIFEST_LIMIT} bytes")
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError("the manifest is not valid TOML", where=path, found=error) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BundleError("the manifest has a wrong field", where=path,
                          found=f"{field}: {first['msg']}") from error


def _check_file(folder: Path, entry: FileEntry) -> None:
    if Path(entry.name).name != entry.name or entry.name in (".", ".."):
        raise BundleError("the manifest names a file outside the bundle", where=folder,
                          found=repr(entry.name))
    path = folder / entry.name
    if path.is_symlink() or not path.is_file():
        raise BundleError("a file of the bundle is missing or not a plain file", where=path,
                          hint="export the model again")
    if path.stat().st_size != entry.size or digest(path) != entry.sha256:
        raise BundleError("a file of the bundle was altered or cut", where=path,
                          found=f"{path.stat().st_size} bytes, another checksum",
                          expected=f"{entry.size} bytes, sha256 {entry.sha256[:12]}…",
                          hint="export the model again")
