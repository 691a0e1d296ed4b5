"""A model in several files of weights, tied together by an index."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated, Protocol

from neuromorph.errors import FileFormatError, MissingFileError, TensorError, did_you_mean
from neuromorph.files.header import TensorInfo
from neuromorph.files.opening import StrPath
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.files.strict_json import read_json
from neuromorph.files.tensor_names import check_names, shown
from neuromorph.files.whole_file import WholeFile
from neuromorph.shapes import Shaped

INDEX_NAME = "model.safetensors.index.json"
_SHARD_LIMIT = 512


class Shard(WholeFile, Protocol):
    """One of the files."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every tensor."""

    @property
    def configuration(self) -> str | None:
        """The configuration that the file holds itself."""

    def holds(self, name: str) -> bool:
        """Whether a tensor is in it."""

    def info(self, name: str) -> TensorInfo:
        """Dtype and shape."""

    def read(self, name: str) -> Annotated[Shaped, "..."]:
        """Values."""

    def close(self) -> None:
        """Close it."""


class ShardedFile:
    """Tensors of all shards that an index names; each must hold just what the index says.

    Parameters
    ----------
    index : str or path-like
        ``model.safetensors.index.json``; its shards stand in the same folder.
    suffix : str
        How names of shards end.
    open_one : callable
        Opens a shard.
    """

    def __init__(self, index: StrPath, suffix: str = ".safetensors",
                 open_one: Callable[[Path], Shard] = SafetensorsFile) -> None:
        self.path = os.fspath(index)
        self._shard_of = _weight_map(self.path, suffix)
        folder = Path(self.path).parent
        with ExitStack() as opened:
            self._shards = {
                name: opened.enter_context(closing(_open_shard(folder, name, self.path,
                                                               open_one)))
                for name in sorted(set(self._shard_of.values()))
            }
            self._check_agreement()
            self._opened = opened.pop_all()

    @property
    def names(self) -> tuple[str, ...]:
        """Every tensor, in the index's order."""
        return tuple(self._shard_of)

    @property
    def files(self) -> tuple[Shard, ...]:
        """The shards, by name."""
        return tuple(self._shards.values())

    @property
    def configuration(self) -> str | None:
        """What the first shard holds under ``config``."""
        return self.files[0].configuration

    def info(self, name: str) -> TensorInfo:
        """Dtype and shape of a tensor."""
        return self._holder(name).info(name)

    def read(self, name: str) -> Annotated[Shaped, "..."]:
        """A tensor's values, as ``SafetensorsFile.read`` gives them."""
        return self._holder(name).read(name)

    def close(self) -> None:
        """Close all shards."""
        self._opened.close()

    def _holder(self, name: str) -> Shard:
        if name not in self._shard_of:
            raise TensorError(f"there is no tensor {shown(name)}", where=self.path,
                              hint=did_you_mean(name[:80], list(self.names)[:100]))
        return self._shards[self._shard_of[name]]

    def _check_agreement(self) -> None:
        for tensor, name in self._shard_of.items():
            if not self._shards[name].holds(tensor):
                raise FileFormatError(f"the index says that shard {shown(name)} holds tensor "
                                      f"{shown(tensor)}, but it does not", where=self.path)
        for name, shard in self._shards.items():
            for tensor in shard.names:
                if self._shard_of.get(tensor) != name:
                    raise FileFormatError(f"shard {shown(name)} holds tensor {shown(tensor)}, but "
                                          "the index does not say so", where=self.path)


def _weight_map(path: str, suffix: str) -> dict[str, str]:
    fields = read_json(path)
    weight_map = fields.get("weight_map") if isinstance(fields, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise FileFormatError("the index has no weight_map", where=path,
                              expected="an object that maps tensor names to file names")
    check_names(weight_map, path)
    shards = {_checked_shard(shard, path, suffix) for shard in weight_map.values()}
    if len(shards) > _SHARD_LIMIT:
        raise FileFormatError("the index names too many shards", where=path, found=len(shards),
                              expected=f"at most {_SHARD_LIMIT}")
    return weight_map


def _checked_shard(name: object, where: str, suffix: str) -> str:
    """A shard is a plain file name: nothing that could lead out of the folder."""
    if not isinstance(name, str):
        raise FileFormatError("the index has a shard name that is not a text", where=where,
                              found=repr(name)[:60])
    plain = name.isprintable() and len(name) <= 255 and not set(name) & set("/\\:")
    if not plain or not name.endswith(suffix):
        raise FileFormatError("the index names a shard that is not a file beside it",
                              where=where, found=shown(name),
                              expected=f"a plain file name that ends in {suffix}")
    return name


def _open_shard(folder: Path, name: str, index: str, open_one: Callable[[Path], Shard]) -> Shard:
    try:
        return open_one(folder / name)
    except MissingFileError as error:
        raise MissingFileError(f"shard {shown(name)} of the index: {error.what}", where=index,
                               hint="the download is not complete") from error
