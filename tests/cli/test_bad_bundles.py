"""Bundles that were cut, altered or made up: one clear line each, from the command line."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from neuromorph import memory
from neuromorph.bundle import load_bundle
from neuromorph.bundle.tensors import INTEGERS
from neuromorph.errors import (
    BundleError,
    CalibrationError,
    MissingFileError,
    NeuromorphError,
    RangeProofError,
    TensorError,
)
from neuromorph.files.opening import RegularFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CODES, SAMPLE, MANIFEST = "codes.safetensors", "sample.safetensors", "manifest.toml"
Edit = Callable[[Path], object]


def fields(bundle: Path) -> dict[str, Any]:
    return tomllib.loads((bundle / MANIFEST).read_text())


def write(bundle: Path, manifest: dict[str, Any]) -> None:
    (bundle / MANIFEST).write_bytes(tomli_w.dumps(manifest).encode())


def manifest(**changes: Any) -> Edit:
    """The manifest with other fields; None takes a field away."""
    def edit(bundle: Path) -> None:
        write(bundle, {name: value for name, value in (fields(bundle) | changes).items()
                       if value is not None})

    return edit


def text(content: bytes) -> Edit:
    return lambda bundle: (bundle / MANIFEST).write_bytes(content)


def entry(**changes: Any) -> Edit:
    """The manifest with another first file."""
    def edit(bundle: Path) -> None:
        found = fields(bundle)
        found["files"][0] |= changes
        write(bundle, found)

    return edit


def arrays(name: str, change: Callable[[dict[str, Any]], object]) -> Edit:
    """Other arrays, under a manifest whose checksums fit."""
    def edit(bundle: Path) -> None:
        held = load((bundle / name).read_bytes())
        change(held)
        columns = {"heads": ",".join(INTEGERS)} if name == CODES else None
        (bundle / name).write_bytes(save(held, metadata=columns))
        sign(bundle)

    return edit


def sign(bundle: Path) -> None:
    """Let the manifest agree with the files, as whoever made them up would."""
    found = fields(bundle)
    for listed in found["files"]:
        path = bundle / listed["name"]
        listed |= {"size": path.stat().st_size, "sha256": sha256(path.read_bytes()).hexdigest()}
    write(bundle, found)


def integer(name: str, value: int, rows: slice = slice(None)) -> Edit:
    """Another integer in the stored heads of the first layer."""
    def change(held: dict[str, Any]) -> None:
        held["0.heads"][rows, INTEGERS.index(name)] = value

    return arrays(CODES, change)


def put(name: str, value: Any, at: str = CODES) -> Edit:
    return arrays(at, lambda held: held.update({name: value}))


def spoilt(name: str, value: float, at: str = CODES) -> Edit:
    """One element of an array replaced."""
    return arrays(at, lambda held: held[name].__setitem__((0,) * held[name].ndim, value))


def raw(name: str, content: bytes) -> Edit:
    def edit(bundle: Path) -> None:
        (bundle / name).write_bytes(content)
        sign(bundle)

    return edit


def replaced_by(make: Callable[[Path], object], name: str = MANIFEST) -> Edit:
    def edit(bundle: Path) -> None:
        (bundle / name).unlink()
        make(bundle / name)

    return edit


def deeper(bundle: Path) -> None:
    """A file of the bundle is a link to the same content elsewhere."""
    (bundle / CODES).rename(bundle.parent / "elsewhere")
    (bundle / CODES).symlink_to(bundle.parent / "elsewhere")


F32 = np.float32

BAD: dict[str, tuple[Edit, type[NeuromorphError], str]] = {
    "no manifest": (lambda b: (b / MANIFEST).unlink(), MissingFileError, "this is not a bundle"),
    "no folder": (shutil.rmtree, MissingFileError, "no such folder"),
    "a file": (lambda b: (shutil.rmtree(b), b.write_text("x")), MissingFileError, "not a bundle"),
    "manifest is a folder": (replaced_by(Path.mkdir), BundleError, "found a folder"),
    "manifest is a FIFO": (replaced_by(os.mkfifo), BundleError, "found a FIFO"),
    "manifest is a broken link": (replaced_by(lambda p: p.symlink_to("gone")), BundleError,
                                  "the manifest cannot be read: no such file"),
    "manifest is empty": (text(b""), BundleError, "another schema version; found none; expected 2"),
    "manifest is not TOML": (text(b"a = "), BundleError, "the manifest is not valid TOML"),
    "manifest is not text": (text(b"\xff\xfe"), BundleError, "not valid TOML"),
    "manifest with a mark": (text(b"\xef\xbb\xbfa = 1"), BundleError, "not valid TOML"),
    "manifest with a key twice": (text(b"a = 1\na = 2"), BundleError, "not valid TOML"),
    "manifest of depth 50 000": (text(b"a = " + b"[" * 50_000), BundleError, "not valid TOML"),
    "manifest with a long number": (text(b"a = " + b"9" * 5000), BundleError, "not valid TOML"),
    "huge manifest": (text(b"#" * (1 << 21)), BundleError, "too large; found 2097152 bytes"),
    "newer schema": (manifest(schema_version=3, colour="red"), BundleError,
                     "found 3; expected 2. Update neuromorph, or export the model again"),
    "older schema": (manifest(schema_version=0), BundleError, "found 0; expected 2. Export"),
    "schema is text": (manifest(schema_version="2"), BundleError, "another schema version"),
    "schema is true": (manifest(schema_version=True), BundleError, "another schema version"),
    "unknown field": (manifest(colour="red"), BundleError, "unknown field; found colour"),
    "misspelt field": (manifest(famly="x"), BundleError, "Did you mean 'family'?"),
    "missing field": (manifest(family=None), BundleError, "family: Field required"),
    "no layers": (manifest(layers=[]), BundleError, "layers: List should have at least 1"),
    "a layer twice": (manifest(layers=["a", "a"]), BundleError, "names a layer twice; found a"),
    "a layer too many": (lambda b: manifest(layers=[*fields(b)["layers"], "x"])(b), BundleError,
                         "lacks an array; expected 3.heads"),
    "layer is a number": (manifest(layers=[1]), BundleError, "layers.0"),
    "NaN step": (manifest(step_nats=float("nan")), BundleError, "step_nats"),
    "no step": (manifest(step_nats=0.0), BundleError, "step_nats"),
    "another step": (manifest(step_nats=0.5), BundleError,
                     "fade at another rate than the manifest says"),
    "causal is a number": (manifest(causal=1), BundleError, "causal"),
    "option is a date": (text(b"schema_version = 2\n[options]\nd = 2020-01-01"), BundleError,
                         "field of the manifest is missing or wrong"),
    "no kind of spikes": (manifest(options={}), BundleError, "options.spikes = None"),
    "another kind of spikes": (manifest(options={"spikes": "loud"}), BundleError, "'loud'"),
    "path traversal": (entry(name="../codes.safetensors"), BundleError,
                       "lists a file that no bundle has; found ../codes.safetensors"),
    "absolute path": (entry(name="/etc/passwd"), BundleError, "no bundle has; found /etc/passwd"),
    "path with NUL": (entry(name="a\0b"), BundleError, r"found a\x00b"),
    "path with escapes": (entry(name="\x1b[2J"), BundleError, r"found \x1b[2J"),
    "empty path": (entry(name=""), BundleError, "files.0.name"),
    "a file twice": (entry(name=SAMPLE), BundleError, "lists a file twice"),
    "a file not listed": (lambda b: manifest(files=fields(b)["files"][1:])(b), BundleError,
                          "does not list a file that a bundle has; found codes.safetensors"),
    "size is wrong": (entry(size=1), BundleError, "altered or cut; found"),
    "size is negative": (entry(size=-1), BundleError, "files.0.size"),
    "a terabyte that was never written": (
        lambda b: (entry(size=1 << 40)(b), os.truncate(b / CODES, 1 << 40)), BundleError,
        "cannot be read: most of the file was never written"),
    "digest is wrong": (entry(sha256="0" * 64), BundleError, "was altered; found sha256"),
    "digest is short": (entry(sha256="0"), BundleError, "files.0.sha256"),
    "missing file": (lambda b: (b / CODES).unlink(), BundleError, "missing or not a plain file"),
    "missing model": (lambda b: (b / "model.safetensors").unlink(), BundleError, "is missing"),
    "linked file": (deeper, BundleError, "not a plain file"),
    "FIFO": (replaced_by(os.mkfifo, CODES), BundleError, "not a plain file"),
    "cut file": (lambda b: os.truncate(b / CODES, 100), BundleError, "altered or cut; found 100"),
    "altered file": (lambda b: flip(b / CODES), BundleError, "was altered"),
    "altered text": (lambda b: flip(b / "network.txt"), BundleError, "was altered"),
    "not safetensors": (raw(CODES, b"hello"), BundleError, "cannot be read"),
    "empty codes": (raw(CODES, b""), BundleError, "the file is empty"),
    "other columns": (raw(CODES, save({"a": np.zeros(1)}, metadata={"heads": "a,b"})), BundleError,
                      "other parameters than this version knows"),
    "codes are a sample": (lambda b: raw(CODES, (b / SAMPLE).read_bytes())(b), BundleError,
                           "found none"),
    "no scale": (arrays(CODES, lambda held: held.pop("1.key_scale")), BundleError,
                 "lacks an array; expected 1.key_scale"),
    "no heads": (put("0.heads", np.zeros((0, len(INTEGERS)), np.int64)), TensorError,
                 "the heads have the wrong shape; found (0, "),
    "a column too few": (put("0.heads", np.ones((4, 3), np.int64)), TensorError, "wrong shape"),
    "heads are floats": (put("0.heads", np.ones((4, len(INTEGERS)))), TensorError,
                         "the wrong type; found float64; expected int64"),
    "too few heads": (arrays(CODES, lambda held: held.update({"0.heads": held["0.heads"][:3]})),
                      TensorError, "do not divide into key-value groups"),
    "NaN scale": (spoilt("0.query_scale", np.nan), TensorError, "query_scale: an array holds NaN"),
    "infinite centre": (spoilt("0.key_centre", np.inf), TensorError, "holds NaN or infinity"),
    "negative scale": (spoilt("2.value_scale", -1.0), TensorError, "not positive; found -1.0"),
    "zero scale": (spoilt("2.value_scale", 0.0), TensorError, "a scale is not positive"),
    "scale of another shape": (put("0.query_scale", np.ones((4, 13))), TensorError,
                               "found (4, 13); expected (4, 12)"),
    "scale of no shape": (put("0.key_scale", np.array(1.0)), TensorError, "key-value groups"),
    "scale in single precision": (put("0.key_scale", np.ones((4, 12), F32)), TensorError,
                                  "found float32; expected float64"),
    "slots 0": (integer("slots", 0), TensorError, "slots is out of range; found 0 to 0"),
    "slots 2^40": (integer("slots", 2**40), TensorError, "slots is out of range"),
    "key_shift -1": (integer("key_shift", -1), TensorError, "key_shift is out of range"),
    "control_decay 4096": (integer("control_decay", 4096), TensorError, "control_decay is out of"),
    "heads differ": (integer("key_limit", 5, slice(0, 1)), TensorError, "differ in key_limit"),
    "window 0": (integer("window", 0), RangeProofError, "the window must have"),
    "window 2^31 - 1": (integer("window", 2**31 - 1), RangeProofError, "latency attention"),
    "ramp 0": (integer("ramp", 0), RangeProofError, "the ramp must climb"),
    "score bound too small": (integer("score_bound", 10), RangeProofError,
                              "the score bound is smaller than the largest score"),
    "latest too late": (integer("latest", 2**30), RangeProofError, "latency attention"),
    "slots that overflow": (integer("slots", 32_768), RangeProofError, "latency attention"),
    "no sample": (arrays(SAMPLE, lambda held: held.pop("0.keys")), BundleError, "expected 0.keys"),
    "NaN sample": (spoilt("0.keys", np.nan, SAMPLE), TensorError, "holds NaN"),
    "sample of another shape": (put("0.queries", np.ones((4, 17, 13), F32), SAMPLE),
                                CalibrationError, "do not fit each other"),
    "sample that is too long": (
        arrays(SAMPLE, lambda held: held.update({f"0.{part}": np.ones((4, 18, 12), F32)
                                                 for part in ("queries", "keys", "values")}
                                                | {"0.mask": np.ones((18, 18), np.uint8)})),
        CalibrationError, "longer than the circuit's slots"),
    "sample of other heads": (
        arrays(SAMPLE, lambda held: held.update({f"0.{part}": np.ones((2, 17, 12), F32)
                                                 for part in ("queries", "keys", "values")})),
        CalibrationError, "the queries do not fit the layer; found (2, 17, 12)"),
    "mask of another shape": (put("0.mask", np.ones((17, 16), np.uint8), SAMPLE),
                              CalibrationError, "the mask does not fit"),
}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", BAD)
def test_bad_bundle(fails: Callable[..., str], bundle: Path, name: str) -> None:
    edit, error, fragment = BAD[name]
    edit(bundle)
    assert fragment in fails(3, "simulate", bundle, "-o", "results")
    with pytest.raises(error) as caught:
        load_bundle(bundle)
    assert type(caught.value) is error


def test_what_is_no_file_is_not_called_bad_toml(fails: Callable[..., str], bundle: Path) -> None:
    replaced_by(Path.mkdir)(bundle)
    assert "TOML" not in fails(3, "simulate", bundle)


def test_sizes_are_known_before_a_byte_is_read(
    fails: Callable[..., str], bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "usable_memory", lambda: 10_000)
    monkeypatch.setattr(RegularFile, "sha256", lambda _: pytest.fail("read"))
    assert "more memory than there is; found" in fails(7, "simulate", bundle, "-o", "results")


def test_a_network_that_is_no_text(fails: Callable[..., str], bundle: Path) -> None:
    raw("network.txt", b"a\xff")(bundle)
    assert ("network.txt: the text of the network is not UTF-8; found invalid start byte at byte 1"
            in fails(3, "inspect", "--network", bundle))


@pytest.mark.parametrize("command", ["inspect", "simulate"])
def test_both_doors_refuse(fails: Callable[..., str], bundle: Path, command: str) -> None:
    flip(bundle / CODES)
    assert "was altered" in fails(3, command, bundle)


def test_what_nobody_listed_is_not_looked_at(cli: Callable[..., Any], bundle: Path) -> None:
    (bundle / "notes.txt").write_text("mine")
    assert cli("simulate", bundle, "-q").code == 0


def test_a_model_that_is_not_listed_is_not_loaded(bundle: Path) -> None:
    found = fields(bundle)
    found["files"] = [e for e in found["files"] if e["name"] != "model.safetensors"]
    write(bundle, found)
    assert load_bundle(bundle).model_file is None


FUZZ = settings(max_examples=60, deadline=None,
                suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUE = st.booleans() | st.integers(-2**63, 2**63 - 1) | st.floats() | \
    st.text(max_size=5) | st.lists(st.integers(0, 5), max_size=2) | \
    st.dictionaries(st.text(max_size=3), st.integers(0, 5), max_size=2)


@FUZZ
@given(data=st.data())
def test_any_value_in_any_field(exported: Path, bundle: Path, data: st.DataObject) -> None:
    found = fields(exported)
    place = data.draw(st.sampled_from([found, found["files"][0], found["options"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(VALUE)
    write(bundle, found)
    with contextlib.suppress(NeuromorphError):
        load_bundle(bundle)


@FUZZ
@given(column=st.sampled_from(INTEGERS),
       value=st.integers(-2**63, 2**63 - 1) | st.integers(-300, 40_000))
def test_any_integer_in_any_head(bundle: Path, column: str, value: int) -> None:
    """Refused, or a circuit that can be built."""
    integer(column, value)(bundle)
    with contextlib.suppress(NeuromorphError):
        load_bundle(bundle)


@FUZZ
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7),
       name=st.sampled_from([CODES, SAMPLE, "network.txt", "model.safetensors"]))
def test_one_bit_is_noticed(exported: Path, bundle: Path, name: str, at: float, bit: int) -> None:
    content = bytearray((exported / name).read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    (bundle / name).write_bytes(content)
    with pytest.raises(BundleError, match="was altered"):
        load_bundle(bundle)
    shutil.copy(exported / name, bundle / name)


