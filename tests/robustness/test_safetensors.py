"""Every bad model file gives its own clear error; every damaged one gives some error, or works."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import small_models as small
from bad_files import BAD_FILES, BadFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuromorph.errors import InputError, MissingFileError, NeuromorphError
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.models import open_model, open_tensors

MEMORY, CPU_SECONDS = 2 << 30, 20.0
WALL_SECONDS = 400  # for all of them, on a busy machine; what hangs, hangs longer
# What could take memory, time or a stack, if it were believed.
HEAVY = ("01 missing", "08", "13", "19", "20", "21 depth", "21 a million", "24 name of",
         "29 dtype of", "34", "36 out")

CHILD = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
from neuromorph.errors import NeuromorphError
from neuromorph.models import open_model
for path in sys.argv[2:]:
    start = time.process_time()
    try:
        open_model(path)
    except NeuromorphError as error:
        result = [type(error).__name__, str(error), time.process_time() - start]
        print(json.dumps(result), flush=True)
"""


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name)
def test_bad_file_has_its_own_error(bad: BadFile, tmp_path: Path) -> None:
    path = bad.make(tmp_path)
    with pytest.raises(InputError) as caught:
        open_model(path)
    text = str(caught.value)
    assert type(caught.value) is bad.error, text
    assert bad.text in text
    assert text.isprintable(), "one line, and nothing that a terminal would obey"
    assert len(text) < 1000


def test_heavy_files_within_memory_and_time(tmp_path: Path) -> None:
    """All in one child of 2 GiB; a file that is believed would kill it, or never return."""
    heavy = [bad for bad in BAD_FILES if bad.name.startswith(HEAVY)]
    assert len(heavy) > 15
    paths = []
    for number, bad in enumerate(heavy):
        (tmp_path / str(number)).mkdir()
        paths.append(bad.make(tmp_path / str(number)))
    child = subprocess.run([sys.executable, "-c", CHILD, str(MEMORY), *paths], check=True,
                           timeout=WALL_SECONDS, capture_output=True, text=True,
                           env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    for bad, line in zip(heavy, child.stdout.splitlines(), strict=True):
        name, text, seconds = json.loads(line)
        assert name == bad.error.__name__, bad.name
        assert bad.text in text, bad.name
        assert seconds < CPU_SECONDS, bad.name


def test_names_are_unique() -> None:
    assert len({bad.name for bad in BAD_FILES}) == len(BAD_FILES)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_no_permission(tmp_path: Path) -> None:
    path = small.digits(tmp_path / "model.safetensors")
    path.chmod(0)
    with pytest.raises(MissingFileError, match="permission denied"):
        open_model(path)


def test_file_that_grows_while_read(tmp_path: Path) -> None:
    path = small.digits(tmp_path / "model.safetensors")
    with SafetensorsFile(path) as file:
        with path.open("ab") as other:
            other.write(b"more")
        with pytest.raises(InputError, match="changed while it was read"):
            file.read("position")
        with pytest.raises(InputError, match="changed while it was read"):
            _ = file.sha256


def test_file_that_is_cut_while_read(tmp_path: Path) -> None:
    path = small.digits(tmp_path / "model.safetensors")
    with SafetensorsFile(path) as file:
        os.truncate(path, 100)
        with pytest.raises(InputError, match="changed while it was read"):
            file.read("position")


def test_file_that_is_rewritten_while_read(tmp_path: Path) -> None:
    path = small.digits(tmp_path / "model.safetensors")
    with SafetensorsFile(path) as file:
        path.write_bytes(path.read_bytes())
        os.utime(path, ns=(0, 0))
        with pytest.raises(InputError, match="changed while it was read"):
            file.read("position")


def test_file_that_is_replaced_stays_readable(tmp_path: Path) -> None:
    """The descriptor is what was opened, whatever the name stands for by now."""
    path = small.digits(tmp_path / "model.safetensors")
    with SafetensorsFile(path) as file:
        (tmp_path / "other").write_bytes(b"other")
        (tmp_path / "other").rename(path)
        assert (file.read("position") == small.digits_tensors()["position"]).all()


def _damaged(folder: Path, content: bytes, name: str = "model.safetensors") -> None:
    """Write and open; anything but one of our errors, or a model, fails the test."""
    (folder / name).write_bytes(content)
    with contextlib.suppress(NeuromorphError):
        open_model(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small Llama: weights with metadata, and a configuration."""
    return small.folder(tmp_path_factory.mktemp("fuzz") / "model", small.llama_tensors(),
                        small.llama_config())


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.sharded(tmp_path_factory.mktemp("fuzz") / "model", small.bert_tensors(),
                         small.bert_config())


FUZZ = settings(max_examples=150, deadline=None, derandomize=True,
                suppress_health_check=[HealthCheck.function_scoped_fixture])
FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)),
                 min_size=1, max_size=8)


def _flip(content: bytes, flips: list[tuple[float, int]]) -> bytes:
    changed = bytearray(content)
    for place, bits in flips:
        changed[int(place * len(changed))] ^= bits
    return bytes(changed)


def _fuzz(folder: Path, name: str, flips: list[tuple[float, int]], head_only: int = 0) -> None:
    good = (folder / name).read_bytes()
    split = 8 + int.from_bytes(good[:8], "little") if head_only else len(good)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _damaged(folder, _flip(good[:split], flips) + good[split:], name)
    finally:
        (folder / name).write_bytes(good)


@FUZZ
@given(flips=FLIPS)
def test_flipped_bits_anywhere(model: Path, flips: list[tuple[float, int]]) -> None:
    _fuzz(model, "model.safetensors", flips)


@FUZZ
@given(flips=FLIPS)
def test_flipped_bits_in_the_header(model: Path, flips: list[tuple[float, int]]) -> None:
    _fuzz(model, "model.safetensors", flips, head_only=1)


@FUZZ
@given(flips=FLIPS)
def test_flipped_bits_in_the_configuration(model: Path, flips: list[tuple[float, int]]) -> None:
    _fuzz(model, "config.json", flips)


@FUZZ
@given(flips=FLIPS)
def test_flipped_bits_in_the_index(shards: Path, flips: list[tuple[float, int]]) -> None:
    _fuzz(shards, "model.safetensors.index.json", flips)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2**70, 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner,
                                                                max_size=4), max_leaves=8)


@FUZZ
@given(field=st.sampled_from(["dtype", "shape", "data_offsets", "other"]), value=JSON)
def test_any_value_in_a_header_field(model: Path, field: str, value: object) -> None:
    header, data = small.header_of(small.llama_tensors())
    header["model.norm.weight"][field] = value
    good = (model / "model.safetensors").read_bytes()
    try:
        text = json.dumps(header).encode("utf-8", "surrogatepass")
        _damaged(model, len(text).to_bytes(8, "little") + text + data)
    finally:
        (model / "model.safetensors").write_bytes(good)


@FUZZ
@given(field=st.sampled_from(sorted(small.llama_config() | {"rope_scaling": 0, "sliding_window": 0,
                                                            "rope_parameters": 0})), value=JSON)
def test_any_value_in_a_configuration_field(model: Path, field: str, value: object) -> None:
    good = (model / "config.json").read_bytes()
    try:
        config = json.dumps(small.llama_config(**{field: value}))
        _damaged(model, config.encode("utf-8", "surrogatepass"), "config.json")
    finally:
        (model / "config.json").write_bytes(good)


@pytest.mark.parametrize("sixteenth", range(16))
@pytest.mark.parametrize("name", ["model.safetensors.index.json", "config.json",
                                  "model-00001-of-00002.safetensors"])
def test_cut_file_of_a_sharded_model(name: str, sixteenth: int, tmp_path: Path) -> None:
    folder = small.sharded(tmp_path / "model", small.bert_tensors(), small.bert_config())
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) * sixteenth // 16])
    with pytest.raises(InputError):
        open_model(folder)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number, bad in enumerate(BAD_FILES):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = bad.make(folder)
        with pytest.raises(InputError):
            open_model(path)
    folder = small.sharded(tmp_path / "good", small.bert_tensors(), small.bert_config())
    open_model(folder)
    open_tensors(folder).close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
