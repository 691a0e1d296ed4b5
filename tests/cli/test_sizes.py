"""Names, shapes and limits first, then bytes: small files that claim to be large."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cli_tools import Run

from neuromorph import memory
from neuromorph.errors import (
    CalibrationError,
    FileFormatError,
    MemoryBudgetError,
    TensorError,
)
from neuromorph.files import arrays
from neuromorph.files.arrays import load_arrays
from neuromorph.files.npy import ArrayInfo, read_info

MEGABYTES = 64
"""That the bomb of these tests unpacks to."""


def bomb(path: Path, name: str = "images", megabytes: int = MEGABYTES) -> Path:
    np.savez_compressed(path, **{name: np.zeros((megabytes, 1 << 17))})
    return path


def most_memory(path: Path) -> int:
    """Bytes above the base that reading a file takes."""
    tracemalloc.start()
    try:
        load_arrays(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_arrays_take_their_own_room_and_little_more(tmp_path: Path) -> None:
    """Not the archive's, nor a copy for every question that is asked of them."""
    assert most_memory(bomb(tmp_path / "a.npz")) < (MEGABYTES + 16) << 20


@pytest.mark.parametrize(("command", "name"), [
    ("simulate", "zeros"), ("simulate", "queries.99"), ("export", "zeros"),
])
def test_a_name_of_no_use_is_refused_before_it_is_unpacked(
    fails: Run, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str,
    name: str,
) -> None:
    bomb(tmp_path / "a.npz", name, 1)
    monkeypatch.setattr(arrays, "_array", lambda *_: pytest.fail("unpacked"))
    line = (("simulate", exported, "--inputs", "a.npz") if command == "simulate" else
            ("export", exported / "model.safetensors", "--calibrate", "a.npz"))
    assert f"an array of this name has no use here; found {name}" in fails(3, *line, "-o", "r")


def test_memory_is_asked_for_before_anything_is_unpacked(
    fails: Run, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb(tmp_path / "a.npz", megabytes=1)
    monkeypatch.setattr(memory, "usable_memory", lambda: 1 << 19)
    monkeypatch.setattr(arrays, "_array", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(MemoryBudgetError, match=r"found 1\.0 MiB; expected at most 460\.8 KiB"):
        load_arrays(tmp_path / "a.npz")


def test_the_check_sees_all_names_and_shapes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros((2, 3), np.int16), b=np.zeros(()))

    def check(found: dict[str, ArrayInfo]) -> None:
        assert {name: (info.shape, str(info.dtype)) for name, info in found.items()} == {
            "a": ((2, 3), "int16"), "b": ((), "float64")}
        raise CalibrationError("seen")

    with pytest.raises(CalibrationError, match="seen"):
        load_arrays(tmp_path / "a.npz", check)


def test_a_table_of_contents_without_end(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for number in range(300):
            archive.writestr(zipfile.ZipInfo(f"{number}" * 3000), b"")
    with pytest.raises(FileFormatError, match="table of contents is too long; found"):
        load_arrays(tmp_path / "a.npz")


# --- headers

GOOD = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }"


def header(text: str, length: int | None = None, version: bytes = b"\1\0") -> bytes:
    count = (len(text) if length is None else length).to_bytes(2 if version == b"\1\0" else 4,
                                                               "little")
    return b"\x93NUMPY" + version + count + text.encode("latin-1")


def info_of(raw: bytes, data: int = 48) -> ArrayInfo:
    return read_info(io.BytesIO(raw), len(raw) + data, "here")


@pytest.mark.parametrize("text", [
    GOOD, GOOD.replace("'", '"'), "{'shape':(2,3),'descr':'<f8','fortran_order':False}  \n",
    GOOD.replace("(2, 3)", "(2L, 3L)"),
])
@pytest.mark.parametrize("version", [b"\1\0", b"\2\0", b"\3\0"])
def test_headers_as_others_write_them(text: str, version: bytes) -> None:
    found = info_of(header(text, version=version))
    assert (found.shape, found.dtype, found.by_column) == ((2, 3), np.float64, False)


@pytest.mark.parametrize("cut", range(1, len(header(GOOD))))
def test_a_header_cut_anywhere(cut: int) -> None:
    with pytest.raises(TensorError, match="this is not an array of numbers"):
        info_of(header(GOOD)[:cut])


@pytest.mark.parametrize("cut", range(len(GOOD)))
def test_a_dict_cut_anywhere(cut: int) -> None:
    """NumPy's own parser raises a TokenError at some of these."""
    with pytest.raises(TensorError, match="this is not an array of numbers"):
        info_of(header(GOOD[:cut]))


@pytest.mark.parametrize("text", [
    "", "{}", "{", "}", "[]", "{(", "\0", "'", "\\", GOOD + GOOD, GOOD.replace("shape", "size"),
    GOOD.replace("'shape'", "'descr'"), GOOD.replace("False", "0"), GOOD.replace("False", "(1,)"),
    GOOD.replace("(2, 3)", "(2 3)"), GOOD.replace("(2, 3)", "(,)"), GOOD.replace("(2, 3)", "True"),
    GOOD.replace("(2, 3)", f"({'9' * 4000},)"), GOOD.replace("(2, 3)", "(2, 3"), "{" * 5000,
    GOOD.replace("(2, 3)", "(1 if 1 else 2,)"), GOOD[:-1] + "'x': 1}", "\xff" * 50,
])
def test_no_header(text: str) -> None:
    with pytest.raises(TensorError, match="this is not an array of numbers"):
        info_of(header(text))


@pytest.mark.parametrize("descr", ["|O", "<U3", "|V8", "<c8", "<f16", "f3", "", "<f8, <f8", "a5"])
def test_other_types(descr: str) -> None:
    with pytest.raises(TensorError, match="an array must hold real numbers"):
        info_of(header(GOOD.replace("<f8", descr)))


@pytest.mark.parametrize("shape", ["(0, 4611686018427387904)", "(-2, -3)", f"({'1, ' * 9})",
                                   f"({2**62}, {2**62})"])
def test_shapes_that_cannot_be(shape: str) -> None:
    with pytest.raises(TensorError, match="has a shape that cannot be"):
        info_of(header(GOOD.replace("(2, 3)", shape)))
