"""Every bad model file, and every bad array file, from the command line."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bad_files import BAD_FILES, BadFile
from cli_tools import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorph.errors import NeuromorphError
from neuromorph.files import arrays as door
from neuromorph.files.arrays import load_arrays

# --- models


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name)
def test_bad_model_file(fails: Run, tmp_path: Path, bad: BadFile) -> None:
    path = str(bad.make(tmp_path))
    if "\0" in path:
        pytest.skip("no shell can pass that on")
    # Every tenth through the other door: both use the same.
    command = ["export", path, "-o", "b"] if len(bad.name) % 10 == 0 else ["inspect", path]
    assert bad.text in fails(3, *command)


def test_no_output_folder_is_made_for_a_bad_model(fails: Run, tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"")
    fails(3, "export", "m.safetensors", "-o", "new/deep/b")
    assert not (tmp_path / "new").exists()


# --- arrays

GOOD = {"images": np.arange(2 * 64).reshape(2, 8, 8) % 17, "labels": np.array([1, 2])}
Make = Callable[[Path], object]


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array)
    return buffer.getvalue()


def claimed(shape: str, descr: str = "<f8", data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """An array whose header says anything."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}".encode()
    text += b" " * (64 - (len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def members(*named: tuple[str, bytes], packing: int = zipfile.ZIP_STORED) -> Make:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", packing) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of duplicate names
            for name, content in named:
                archive.writestr(name, content)

    return make


def content(data: bytes) -> Make:
    return lambda path: path.write_bytes(data)


def zeros(path: Path) -> None:
    """A member that unpacks to 3 GiB of zeros, from 3 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(8)) + packer.flush()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", packed)
        archive.filelist[0].file_size = 3 << 30


def patched(old: bytes, new: bytes) -> Make:
    """A good file with some bytes replaced everywhere."""
    def make(path: Path) -> None:
        np.savez_compressed(path, **GOOD)
        path.write_bytes(path.read_bytes().replace(old, new))

    return make


def encrypted(path: Path) -> None:
    np.savez(path, **GOOD)
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = -1
        while (place := raw.find(mark, place + 1)) >= 0:
            raw[place + at] |= 1
    path.write_bytes(bytes(raw))


ONE = npy(np.ones(3))
ODD = (
    ("empty", content(b""), "this is not an .npz file"),
    ("text", content(b"images"), "this is not an .npz file; found File is not a zip file"),
    ("git-lfs", content(b"version https://git-lfs.github.com/spec/v1\n"), "Run: git lfs pull"),
    ("html", content(b"<!DOCTYPE html>"), "this is not an .npz file; found an HTML or XML page"),
    ("one array", content(ONE), "found a NumPy .npy array. Write it with numpy.savez"),
    ("cut", lambda p: (np.savez(p, **GOOD), os.truncate(p, 300)), "this is not an .npz file"),
    ("FIFO", os.mkfifo, "this is not a regular file; found a FIFO"),
    ("folder", Path.mkdir, "this is not a regular file; found a folder"),
    ("no members", members(), "the file holds no arrays"),
    ("not an array", members(("readme.txt", b"x")), "a member is no array; found readme.txt"),
    ("path", members(("../images.npy", ONE)), "a member is no array; found ../images.npy"),
    ("windows path", members(("..\\images.npy", ONE)), "a member is no array"),
    ("escapes", members(("\x1b[31m.npy", ONE)), r"\x1b[31m"),
    ("nested", members(("images.npy", b"PK\3\4")), "this is not an array of numbers"),
    ("duplicates", members(("images.npy", ONE), ("images.npy", ONE)),
     "two arrays have one name; found images"),
    ("too many", members(*((f"a{i}.npy", b"") for i in range(17000))),
     "holds too many arrays; found 17000; expected at most 16384"),
    ("bzip2", members(("images.npy", ONE), packing=zipfile.ZIP_BZIP2), "packed in an unusual way"),
    ("encrypted", encrypted, "a member is encrypted; found images.npy"),
    ("objects", lambda p: np.savez(p, images=np.array([{}, None])), "found object"),
    ("text array", lambda p: np.savez(p, images=np.array(["a"])), "must hold real numbers"),
    ("complex", lambda p: np.savez(p, images=np.ones(2, complex)), "found complex128"),
    ("dates", lambda p: np.savez(p, images=np.ones(2, "M8[s]")), "must hold real numbers"),
    ("records", lambda p: np.savez(p, images=np.ones(2, "i4,f8")), "must hold real numbers"),
    ("long double", lambda p: np.savez(p, images=np.ones(2, np.longdouble)), "real numbers"),
    ("NaN", lambda p: np.savez(p, images=np.array([1, np.nan])), "found 1 such values"),
    ("bomb", zeros, "the file would unpack to too much; found 3221225472 bytes"),
    ("10^12 elements in 100 bytes", members(("images.npy", claimed("(1000000000000,)"))),
     "bytes do not fit its shape; found 0 bytes; expected (1000000000000,) of float64"),
    ("overflow", members(("images.npy", claimed(f"({2**62}, {2**62}, 0, 3)"))),
     "has a shape that cannot be"),
    ("negative", members(("images.npy", claimed("(-1, -8)", data=bytes(64)))), "cannot be"),
    ("rank 40", members(("images.npy", claimed(f"({'1,' * 40})", data=bytes(8)))), "cannot be"),
    ("a type that NumPy warns of", members(("images.npy", claimed("(2,)", "1f4", bytes(8)))),
     "an array must hold real numbers"),
    ("brackets without end", members(("images.npy", claimed("(" * 4000))),
     "this is not an array of numbers"),
    ("a header cut short", members(("images.npy", claimed("(3,"))),
     "this is not an array of numbers"),
    ("a call in the header", members(("images.npy", claimed("__import__('os').system('id')"))),
     "this is not an array of numbers"),
    ("deep header", members(("images.npy", claimed("(" * 3000 + ")" * 3000))),
     "this is not an array of numbers"),
    ("version 9", members(("images.npy", claimed("(1,)", data=bytes(8), version=b"\x09\0"))),
     "this is not an array of numbers"),
    ("object dtype in the header", members(("images.npy", claimed("(1,)", "|O", bytes(8)))),
     "found object"),
    ("bytes at the end", members(("images.npy", npy(np.ones(3)) + b"x")), "found 25 bytes"),
)


@pytest.mark.parametrize(("name", "make", "text"), ODD, ids=[name for name, _, _ in ODD])
def test_bad_arrays(
    fails: Run, exported: Path, tmp_path: Path, name: str, make: Make, text: str
) -> None:
    make(tmp_path / "odd.npz")
    assert text in fails(3, "simulate", exported, "--inputs", "odd.npz", "-o", "r")


def test_missing_arrays(fails: Run, exported: Path) -> None:
    assert "no such file" in fails(3, "simulate", exported, "--inputs", "odd.npz")
    assert "changed" not in fails(3, "simulate", exported, "--inputs", "")


def test_a_file_that_is_too_large(
    fails: Run, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "a.npz", **GOOD)
    monkeypatch.setattr(door, "LIMIT", 100)
    assert "the file is too large" in fails(3, "simulate", exported, "--inputs", "a.npz")


@pytest.mark.parametrize("sixteenth", range(1, 16))
def test_a_file_cut_anywhere(tmp_path: Path, sixteenth: int) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, **GOOD)
    os.truncate(path, path.stat().st_size * sixteenth // 16)
    with pytest.raises(NeuromorphError):
        load_arrays(path)


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "<i8", ">i4", "f2", "<f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_good_arrays_come_as_they_were(tmp_path: Path, dtype: str, order: str) -> None:
    array = np.asarray(np.arange(24).reshape(2, 3, 4) % 2, dtype, order)
    np.savez(tmp_path / "a.npz", a=array, scalar=np.array(3), none=np.ones((0, 3)))
    loaded = load_arrays(tmp_path / "a.npz")
    np.testing.assert_array_equal(loaded["a"], array)
    assert loaded["a"].dtype == array.dtype.newbyteorder("=")
    assert loaded["scalar"] == 3
    assert loaded["none"].shape == (0, 3)


@settings(max_examples=300, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)),
                      min_size=1, max_size=4), packed=st.booleans())
def test_damaged_arrays(tmp_path: Path, flips: list[tuple[float, int]], packed: bool) -> None:
    """Some error of ours, or arrays; nothing else."""
    path = tmp_path / "a.npz"
    (np.savez_compressed if packed else np.savez)(path, **GOOD)
    raw = bytearray(path.read_bytes())
    for at, value in flips:
        raw[int(at * len(raw))] = value
    path.write_bytes(raw)
    try:
        load_arrays(path)
    except NeuromorphError as error:
        assert str(error).isprintable()
