"""Reading a good file: equal to the safetensors library, for every dtype, lazily."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import small_models as small
from safetensors.numpy import save_file

from neuromorph.errors import (
    FileFormatError,
    InputError,
    MemoryBudgetError,
    NeuromorphError,
    TensorError,
)
from neuromorph.files.dtypes import DTYPES
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.files.sniff import kind_of

EXTREMES = {
    "F64": np.array([0.0, -0.0, 1.5, -3e38]),
    "F32": np.array([0.0, -0.0, 1e-45, 3e38], "f4"),
    "F16": np.array([6e-8, -65504.0, 0.1], "f2"),
    "BF16": np.array([1e-40, -3e38, 0.1], ml_dtypes.bfloat16),
    "F8_E4M3": np.array([448.0, -0.001953125, 1.0], ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.array([57344.0, -1.5e-5, 1.0], ml_dtypes.float8_e5m2),
    "I64": np.array([2**63 - 1, -(2**63)]),
    "I32": np.array([2**31 - 1, -(2**31)], "i4"),
    "I16": np.array([2**15 - 1, -(2**15)], "i2"),
    "I8": np.array([127, -128], "i1"),
    "U64": np.array([2**64 - 1, 0], "u8"),
    "U32": np.array([2**32 - 1, 0], "u4"),
    "U16": np.array([2**16 - 1, 0], "u2"),
    "U8": np.array([255, 0], "u1"),
    "BOOL": np.array([True, False, True]),
}


def _one(path: Path, dtype: str, shape: list[int], data: bytes) -> Path:
    header = {"x": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}
    return small.write_raw(path / "one.safetensors", json.dumps(header).encode(), data)


def _read(path: Path) -> np.ndarray:
    with SafetensorsFile(path) as file:
        return file.read("x")


def test_every_readable_dtype_has_an_example() -> None:
    assert set(EXTREMES) == {name for name, dtype in DTYPES.items() if dtype.numpy is not None}


@pytest.mark.parametrize("dtype", EXTREMES)
def test_values_are_exact(dtype: str, tmp_path: Path) -> None:
    values = EXTREMES[dtype]
    got = _read(_one(tmp_path, dtype, [len(values)], values.tobytes()))
    expected = values.astype(np.float32) if DTYPES[dtype].is_float else values
    assert got.dtype == (np.float32 if DTYPES[dtype].is_float else values.dtype)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got) if got.dtype.kind == "f" else 0,
                                  np.signbit(expected) if got.dtype.kind == "f" else 0)


@pytest.mark.parametrize("dtype", [name for name, dtype in DTYPES.items() if dtype.numpy is None])
def test_a_dtype_that_is_only_known_is_refused_when_read(dtype: str, tmp_path: Path) -> None:
    path = _one(tmp_path, dtype, [8], bytes(DTYPES[dtype].bits))
    with SafetensorsFile(path) as file, pytest.raises(
            TensorError, match=f"tensor 'x' has dtype {dtype}, which is not read here"):
        file.read("x")


@pytest.mark.parametrize("shape", [[], [1], [0], [2, 0, 3], [1, 2, 1, 1, 1, 1, 1, 2]])
def test_scalars_empty_and_rank_8_are_legal(shape: list[int], tmp_path: Path) -> None:
    values = small.random(shape)
    got = _read(_one(tmp_path, "F32", shape, values.tobytes()))
    assert got.shape == tuple(shape)
    np.testing.assert_array_equal(got, values)


def test_what_the_library_writes(tmp_path: Path) -> None:
    tensors = small.digits_tensors() | {
        "é.☃": np.arange(3), "half": small.random((2, 3)).astype(np.float16),
        "bits": np.array([[True], [False]]), "b": small.random((7,)).astype(ml_dtypes.bfloat16)}
    save_file(tensors, tmp_path / "library.safetensors", metadata={"format": "np"})
    with SafetensorsFile(tmp_path / "library.safetensors") as file:
        assert set(file.names) == set(tensors)
        assert file.metadata == {"format": "np"}
        for name, values in tensors.items():
            assert file.info(name).shape == values.shape
            np.testing.assert_array_equal(file.read(name), values)


def test_reads_only_what_is_asked_for(tmp_path: Path) -> None:
    """NaN in one tensor doesn't stop the others from being read."""
    tensors = {"good": small.random((3,)), "bad": np.full((2, 2), np.nan, np.float32)}
    with SafetensorsFile(small.write(tmp_path / "x.safetensors", tensors)) as file:
        np.testing.assert_array_equal(file.read("good"), tensors["good"])
        with pytest.raises(TensorError, match=r"tensor 'bad' holds 4 values that are not finite; "
                                              r"found nan at \[0, 0\]"):
            file.read("bad")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16", "F8_E5M2"])
def test_nonfinite_values_in_every_float(dtype: str, value: float, tmp_path: Path) -> None:
    values = np.array([1.0, value], DTYPES[dtype].numpy)
    with pytest.raises(TensorError, match=r"1 value that is not finite; found .* at \[1\]"):
        _read(_one(tmp_path, dtype, [2], values.tobytes()))


def test_nonfinite_scalar(tmp_path: Path) -> None:
    with pytest.raises(TensorError, match=r"found nan at \[\]"):
        _read(_one(tmp_path, "F32", [], np.float32(np.nan).tobytes()))


def test_truth_value_that_is_neither(tmp_path: Path) -> None:
    with pytest.raises(TensorError, match="truth values that are neither 0 nor 1; found 2"):
        _read(_one(tmp_path, "BOOL", [3], b"\0\1\2"))


def test_unknown_tensor_gets_a_hint(tmp_path: Path) -> None:
    with SafetensorsFile(small.digits(tmp_path / "x.safetensors")) as file, pytest.raises(
            TensorError, match=r"there is no tensor 'positions'\. Did you mean 'position'"):
        file.read("positions")


def test_digest_size_and_link(tmp_path: Path) -> None:
    path = small.digits(tmp_path / "x.safetensors")
    (tmp_path / "link.safetensors").symlink_to(path)
    with SafetensorsFile(tmp_path / "link.safetensors") as file:
        assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert file.size == path.stat().st_size
        assert file.file_name == "link.safetensors"
        assert file.files == (file,)


def test_closed_file(tmp_path: Path) -> None:
    file = SafetensorsFile(small.digits(tmp_path / "x.safetensors"))
    file.close()
    file.close()
    with pytest.raises(InputError, match="the file was closed before it was read"):
        file.read("position")


def test_results_are_the_callers_own(tmp_path: Path) -> None:
    with SafetensorsFile(small.digits(tmp_path / "x.safetensors")) as file:
        first = file.read("position")
        first[:] = 0
        file.metadata.clear()
        assert file.read("position").any()
        assert file.metadata


def test_memory_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    with SafetensorsFile(small.digits(tmp_path / "x.safetensors")) as file:
        monkeypatch.setattr("neuromorph.files.safetensors_file.decode", no_memory)
        with pytest.raises(MemoryBudgetError, match="not enough memory to read tensor 'position'"):
            file.read("position")


def test_padding_after_the_header_is_legal(tmp_path: Path) -> None:
    header, data = small.header_of({"x": small.random((3,))})
    path = small.write_raw(tmp_path / "x.safetensors", json.dumps(header).encode() + b"    ", data)
    np.testing.assert_array_equal(_read(path), small.random((3,)))


def test_first_bytes_that_look_like_another_format(tmp_path: Path) -> None:
    """A header of 0x8b1f bytes begins with gzip's magic, and is none."""
    header, data = small.header_of({"x": small.random((3,))})
    text = json.dumps(header).encode().ljust(0x8B1F)
    path = small.write_raw(tmp_path / "x.safetensors", text, data)
    assert kind_of(path.read_bytes()) is not None
    np.testing.assert_array_equal(_read(path), small.random((3,)))


def test_nothing_is_recognised_in_noise() -> None:
    assert kind_of(b"") is None
    assert kind_of(bytes(512)) is None
    assert kind_of(b"\x0b\x17noise") is None


def test_names_are_compared_after_normalisation(tmp_path: Path) -> None:
    composed, apart = "é", unicodedata.normalize("NFD", "é")
    path = small.write(tmp_path / "x.safetensors", {composed: small.random((1,)),
                                                    apart: small.random((1,))})
    with pytest.raises(FileFormatError, match="equal after Unicode normalisation"):
        SafetensorsFile(path)


def test_every_error_is_one_line_of_ours(tmp_path: Path) -> None:
    folder = tmp_path / "a\nb"
    folder.mkdir()
    with pytest.raises(NeuromorphError) as caught:
        SafetensorsFile(folder / "x\x1b[2J.safetensors")
    assert str(caught.value).isprintable()
