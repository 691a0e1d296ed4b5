"""Images and recordings in files: each a plain array, or refused by name."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import CalibrationError, FileFormatError, MissingExtraError
from neuromorph.files.arrays import load_array
from neuromorph.files.opening import RegularFile
from neuromorph.files.sniff import HEAD_BYTES, refuse_not_fetched

_BYTES = 1 << 28
_PIXELS = 1 << 26
_FILES = 1 << 14
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
"""Of images with 8 bits a channel, as PIL calls them."""
_DEEP = ";16B"
"""What PIL calls raw data of 16 bits a channel ends with, whatever it makes of them."""


class Read(NamedTuple):
    """What one file holds.

    ``values`` is uint8 (height, width, 3) of an image, float32 (samples,) of a recording, or an
    array as it was saved. ``rate`` is samples a second; 0 if the file does not say.
    """

    name: str
    values: NDArray[Any]
    rate: int = 0


def read_folder(folder: Path) -> list[Read]:
    """Every file of a folder, by name; those whose names begin with a dot are left alone.

    Raises
    ------
    CalibrationError
        If there are none, too many, or one of a kind that is not read.
    FileFormatError, MissingExtraError
        If one cannot be read.
    """
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if not files or len(files) > _FILES:
        raise CalibrationError("a folder to calibrate on holds one file an image or recording",
                               where=folder, found=f"{len(files)} files",
                               expected=f"1 to {_FILES}")
    for path in files:
        if path.suffix.lower() not in _READERS:
            raise CalibrationError("this is no file to calibrate on", where=path,
                                   expected=", ".join(_READERS))
    return [_READERS[path.suffix.lower()](path) for path in files]


def _array(path: Path) -> Read:
    return Read(path.name, load_array(path))


def _content(path: Path, what: str) -> bytes:
    with RegularFile(path) as file:
        if file.size > _BYTES:
            raise FileFormatError("the file is too large", where=path,
                                  found=f"{file.size} bytes", expected=f"at most {_BYTES}")
        content = bytes(file.read(0, file.size))
    if not content:
        raise FileFormatError("the file is empty", where=path, expected=what)
    refuse_not_fetched(content[:HEAD_BYTES], what, path)
    return content


def _image(path: Path) -> Read:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise MissingExtraError("images in files need pillow", where=path, found=str(error),
                                hint="pip install pillow, or give arrays (.npy)") from error
    content = _content(path, "an image")
    try:
        with Image.open(io.BytesIO(content), formats=["PNG", "JPEG"]) as image:
            if image.width * image.height > _PIXELS:
                raise FileFormatError("the image is too large", where=path,
                                      found=f"{image.width} × {image.height}",
                                      expected=f"at most {_PIXELS} pixels")
            if image.mode not in _MODES:
                raise FileFormatError("an image must have 8 bits a channel", where=path,
                                      found=f"mode {image.mode}")
            deep = [args for *_, args in image.tile if str(args).endswith(_DEEP)]
            if deep:  # in color they would be cut to 8 without a word
                raise FileFormatError("an image must have 8 bits a channel", where=path,
                                      found=f"mode {deep[0]}")
            return Read(path.name, np.asarray(image.convert("RGB")))
    except UnidentifiedImageError as error:  # whose text is an address in memory
        raise FileFormatError("the image cannot be read", where=path, found=content[:8],
                              expected="a PNG or JPEG file") from error
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise FileFormatError("the image cannot be read", where=path, found=error,
                              expected="a PNG or JPEG file") from error


def _recording(path: Path) -> Read:
    content = _content(path, "a WAV file")
    try:
        with wave.open(io.BytesIO(content)) as sound:
            channels, size, rate, count = sound.getparams()[:4]
            raw = sound.readframes(count)
    except (wave.Error, EOFError, ValueError, RuntimeError, OverflowError, struct.error) as error:
        raise FileFormatError("the recording cannot be read", where=path,
                              found=str(error) or "the end of the file",
                              expected="a WAV file of whole numbers (PCM)") from error
    if channels != 1:
        raise FileFormatError("a recording has one channel", where=path, found=channels,
                              hint="mix it down to mono")
    if not count or rate < 1:
        raise FileFormatError("the recording is empty, or has no rate", where=path,
                              found=f"{count} samples, {rate} a second",
                              expected="at least one of both")
    if size not in (1, 2, 3, 4) or len(raw) != count * size:
        raise FileFormatError("the recording is cut short, or of no kind that is known",
                              where=path, found=f"{len(raw)} bytes",
                              expected=f"{count} samples of {size} bytes")
    return Read(path.name, _samples(raw, size), rate)


def _samples(raw: bytes, size: int) -> NDArray[np.float32]:
    """Whole numbers to -1 … 1: of one byte they begin at 128, of more at 0."""
    if size == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / 128
    padded = np.zeros((len(raw) // size, 4), np.uint8)
    padded[:, 4 - size:] = np.frombuffer(raw, np.uint8).reshape(-1, size)
    return (padded.reshape(-1).view("<i4") / 2.0**31).astype(np.float32)


_READERS: dict[str, Callable[[Path], Read]] = {
    ".png": _image, ".jpg": _image, ".jpeg": _image, ".npy": _array, ".wav": _recording}
