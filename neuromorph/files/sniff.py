"""Say what a file really is, from its first bytes."""

from __future__ import annotations

from typing import NamedTuple

from neuromorph.errors import FileFormatError

HEAD_BYTES = 512
"""This much of a file is enough for :func:`kind_of`."""


class Kind(NamedTuple):
    """What a file is, and what its owner can do to get weights out of it."""

    name: str
    hint: str


_LFS = Kind("a Git-LFS pointer, not the file that it stands for", "run: git lfs pull")
_HTML = Kind("an HTML or XML page", "the download was a web page; fetch the raw file again")
_ZIP = Kind("a zip archive (a PyTorch .pt checkpoint, or .npz)",
            "neuromorph export takes a PyTorch checkpoint named .pt, .pth or .bin, with the hf "
            "extra; or save the weights as .safetensors")
_PICKLE = Kind("a Python pickle (an old PyTorch checkpoint)",
               "neuromorph export takes a PyTorch checkpoint named .pt, .pth or .bin, with the hf "
               "extra; other pickles can run code and are never read")
_GGUF = Kind("a GGUF file", "neuromorph export takes it, named .gguf")
_HDF5 = Kind("an HDF5 file (Keras, or NIR)", "save the weights as .safetensors")
_PACKED = Kind("a compressed file", "unpack it first")
_TAR = Kind("a tar archive", "unpack it first")
_NUMPY = Kind("a NumPy .npy array", "save the weights as .safetensors")
_ONNX = Kind("an ONNX or other protobuf file", "neuromorph export takes it, named .onnx")
_FLAT = Kind("a TensorFlow Lite file", "save the weights as .safetensors")
_JSON = Kind("a JSON text", "give the folder that holds it, or the .safetensors file")

_MAGIC = (
    (b"version https://git-lfs", _LFS),
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _ZIP),
    (b"GGUF", _GGUF),
    (b"\x89HDF\r\n\x1a\n", _HDF5),
    (b"\x93NUMPY", _NUMPY),
    (b"\x1f\x8b", _PACKED),
    (b"BZh", _PACKED),
    (b"\xfd7zXZ\x00", _PACKED),
    (b"\x28\xb5\x2f\xfd", _PACKED),
    (b"7z\xbc\xaf\x27\x1c", _PACKED),
)
_NOT_FETCHED = (_LFS, _HTML)
"""What stands where a file should, because nobody fetched it."""

_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")
_PICKLE_PROTOCOLS = range(2, 6)
_TAR_MAGIC_AT = 257


def kind_of(head: bytes) -> Kind | None:
    """The kind of file that begins with ``head``; ``None`` when nothing known does."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_MARKUP):
        return _HTML
    if text.startswith((b"{", b"[")):
        return _JSON
    if head[_TAR_MAGIC_AT:].startswith(b"ustar"):
        return _TAR
    if head[4:8] == b"TFL3":
        return _FLAT
    return _binary_kind(head)


def _binary_kind(head: bytes) -> Kind | None:
    """Formats whose first bytes are only typical: a pickle's protocol, a protobuf's fields."""
    if len(head) >= 2 and head[0] == 0x80 and head[1] in _PICKLE_PROTOCOLS:
        return _PICKLE
    # ModelProto: field 1 (ir_version, a small number), then field 2 or 7 or 8, by length.
    if len(head) >= 4 and head[0] == 0x08 and 0 < head[1] < 32 and head[2] in (0x12, 0x3A, 0x42):
        return _ONNX
    return None


def refuse_other(head: bytes, wanted: str, where: object, *, allowed: str = "",
                 hint: str | None = None) -> None:
    """Refuse a file that is known to be of another kind than the one that is wanted.

    Parameters
    ----------
    head : bytes
        The file's beginning.
    wanted : str
        For instance "an .npz file".
    where : object
    allowed : str, optional
        How the name of the wanted kind begins, when it is a known one itself.
    hint : str, optional
        What to do when the file is whole, but of another kind.

    Raises
    ------
    FileFormatError
    """
    kind = kind_of(head)
    if kind is not None and not (allowed and kind.name.startswith(allowed)):
        said = kind.hint if hint is None or kind in _NOT_FETCHED else hint
        raise FileFormatError(f"this is not {wanted}", where=where, found=kind.name, hint=said)


def refuse_not_fetched(head: bytes, wanted: str, where: object) -> None:
    """Refuse a Git-LFS pointer or a web page in a file's place.

    Raises
    ------
    FileFormatError
    """
    if kind_of(head) in _NOT_FETCHED:
        refuse_other(head, wanted, where)
