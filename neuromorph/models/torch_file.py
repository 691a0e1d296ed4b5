"""A PyTorch file of weights (``.pt``, ``.pth``, ``.bin``, ``.ckpt``), read by torch in a child.

Such a file is a pickle. torch's loader of weights alone (``weights_only``) builds tensors and
nothing else; it runs in a process of its own with bounded memory and time, which writes the
tensors as safetensors to a temporary file, and that is read as any other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from neuromorph.errors import (
    DeadlineError,
    FileFormatError,
    MemoryBudgetError,
    MissingExtraError,
)
from neuromorph.files.header import TensorInfo
from neuromorph.files.held_file import HeldFile
from neuromorph.files.opening import RegularFile
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.files.sniff import HEAD_BYTES, refuse_other
from neuromorph.files.tensor_names import shown

TORCH_NAME = "pytorch_model.bin"
TORCH_INDEX = "pytorch_model.bin.index.json"
"""As older versions of transformers called weights, and the index of several files of them."""

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt")

_CHILD = ("import os, sys; sys.path[:] = sys.argv[1].split(os.pathsep); "
          "from neuromorph.models.torch_child import main; "
          "main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))")
"""With our own import path: a file called torch.py in the working directory is not run."""

_SECONDS, _BYTES_A_SECOND = 120, 10e6
_MEMBERS = 1 << 17
_STORED = (b"PK\x03\x04", b"PK\x05\x06")
_AS_WEIGHTS = "save the weights alone: torch.save(model.state_dict(), FILE), or as .safetensors"


class TorchFile(HeldFile):
    """The tensors of a file that ``torch.save`` wrote.

    Parameters
    ----------
    path : str or path-like
        A state dict, or a checkpoint with one state dict in it.

    Raises
    ------
    MissingExtraError
        Without torch.
    MissingFileError, FileFormatError, ResourceError
        If it is not there, holds code, more tensors than bytes, or takes too long.
    """

    def _read_header(self) -> None:
        _check_start(self._file)
        self._tensors = _converted(self._file)

    @property
    def configuration(self) -> None:
        """Such files hold none."""
        return

    @property
    def names(self) -> tuple[str, ...]:
        """Every tensor."""
        return self._tensors.names

    def holds(self, name: str) -> bool:
        """Whether a tensor is in the file."""
        return self._tensors.holds(name)

    def info(self, name: str) -> TensorInfo:
        """Dtype and shape of a tensor."""
        return self._tensors.info(name)

    def read(self, name: str) -> NDArray[Any]:
        """A tensor's values, as `SafetensorsFile.read` gives them."""
        return self._tensors.read(name)

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._tensors.close()
        super().close()


def _check_start(file: RegularFile) -> None:
    """Only an archive of stored members, or a bare pickle, is given to torch."""
    if not file.size:
        raise FileFormatError("the file is empty", where=file.path, expected="a PyTorch file")
    head = bytes(file.read(0, min(file.size, HEAD_BYTES)))
    if head.startswith(_STORED):
        _check_archive(file)
        return
    refuse_other(head, "a PyTorch file", file.path, allowed="a Python pickle")
    if head[:1] != b"\x80":
        raise FileFormatError("this is not a PyTorch file", where=file.path,
                              found=f"{head[:4]!r} at its beginning",
                              hint="give the file that torch.save wrote")


def _check_archive(file: RegularFile) -> None:
    try:
        with zipfile.ZipFile(file.path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise FileFormatError("the archive cannot be read", where=file.path, found=error,
                              hint="the file is cut short; download it again") from error
    file.check_unchanged()
    names = [member.filename for member in members]
    if len(names) > _MEMBERS or len(set(names)) != len(names):
        raise FileFormatError("the archive holds a member twice, or too many", where=file.path,
                              found=f"{len(names)} members")
    if not any(name.endswith("/data.pkl") for name in names):
        raise FileFormatError("this archive is no PyTorch file", where=file.path,
                              found=", ".join(map(shown, names[:3])), expected="…/data.pkl",
                              hint="give the file that torch.save wrote")
    if any("/code/" in name or name.endswith("constants.pkl") for name in names):
        raise FileFormatError("this is a program (TorchScript), and no weights",
                              where=file.path, hint=_AS_WEIGHTS)
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            raise FileFormatError("a member of the archive is packed or encrypted",
                                  where=file.path, found=shown(member.filename),
                                  expected="members as torch.save stores them")


def _converted(file: RegularFile) -> SafetensorsFile:
    """The tensors, behind a file that has no name any more."""
    with tempfile.TemporaryDirectory(prefix="neuromorph-", ignore_cleanup_errors=True) as folder:
        made = Path(folder) / "weights.safetensors"
        _run(file, made)
        file.check_unchanged()
        return SafetensorsFile(made, shown=file.path)


def _run(file: RegularFile, made: Path) -> None:
    limit = _SECONDS + file.size / _BYTES_A_SECOND
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, os.pathsep.join(sys.path), str(made), str(file.size),
             str(os.getpid())], stdin=file.fileno(), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=limit, check=False)
    except subprocess.TimeoutExpired as error:
        raise DeadlineError("torch did not read the file in time", where=file.path,
                            expected=f"{limit:.0f} seconds") from error
    if done.returncode:
        raise _failure(done.stdout, done.returncode, file.path)


def _failure(said: bytes, code: int, path: str) -> Exception:
    """What the child says of its end, as an error of ours."""
    try:
        found = json.loads(said)
    except ValueError:
        return FileFormatError("torch ended while it read the file", where=path,
                               found=f"signal {-code}" if code < 0 else f"exit code {code}")
    if found["kind"] == "extra":
        return MissingExtraError("a PyTorch file needs torch", where=path, found=found["found"],
                                 hint="pip install 'neuromorph[hf]'")
    if found["kind"] == "memory":
        return MemoryBudgetError("the file holds more than its size allows", where=path,
                                 found=found["found"])
    return FileFormatError(found["what"], where=path, found=found["found"],
                           hint=_AS_WEIGHTS if found["kind"] == "code" else None)
