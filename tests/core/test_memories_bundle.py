"""A bundle of memories: what is written is read again, and what is wrong is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save
from small_memories import memories_bundle

import neuromorph
from neuromorph.api.inspect import describe, network_text
from neuromorph.bundle import load_bundle
from neuromorph.bundle.bundle import CODES, SAMPLE
from neuromorph.bundle.manifest import entries, write_manifest
from neuromorph.bundle.memories import MemoriesBundle, load_memories, save_memories
from neuromorph.bundle.memories.arrays import COLUMNS, PARTS
from neuromorph.bundle.memories.bundle import MemoriesManifest
from neuromorph.bundle.whole import load_whole
from neuromorph.errors import BundleError, CalibrationError, TensorError, UsageError

BUNDLE = memories_bundle()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save_memories(BUNDLE, tmp_path / "bundle")


@pytest.mark.parametrize("bundle", [BUNDLE, memories_bundle(rounding="whole")],
                         ids=["random", "whole"])
def test_what_is_written_is_read(tmp_path: Path, bundle: MemoriesBundle) -> None:
    path = save_memories(bundle, tmp_path / "bundle")
    read = load_memories(path)
    assert (read.family, read.path, dict(read.options)) == ("drawn", path, dict(bundle.options))
    assert list(read.codes) == list(bundle.codes)
    for name, codes in bundle.codes.items():
        for ours, theirs in zip(read.codes[name], codes, strict=True):
            assert ours.numbers == theirs.numbers
            assert ours.forgets_key == theirs.forgets_key
            for scale in ("weight", "read", "write", "query"):
                assert getattr(ours, scale) == getattr(theirs, scale)
            np.testing.assert_array_equal(ours.key_turn, theirs.key_turn)
            np.testing.assert_array_equal(ours.value_turn, theirs.value_turn)
        for part in PARTS:
            np.testing.assert_array_equal(getattr(read.samples[name], part),
                                          getattr(bundle.samples[name], part))
    again = save_memories(read, tmp_path / "again")
    for file in path.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes()


def column(name: str, value: int) -> Any:
    """A layer's heads with another number."""
    def changed(rows: Any) -> Any:
        rows[:, COLUMNS.index(name)] = value
        return rows
    return changed


@pytest.mark.parametrize(("file", "array", "change", "text"), [
    (CODES, "0.heads", column("mantissa", 8), r"0\.heads, mantissa: .*out of range; found 8"),
    (CODES, "0.heads", column("whole", 2), "last columns are 0 or 1"),
    (CODES, "0.heads", column("key_size", 9), r"0\.key_turn: .*found \(7, 6\)"),
    (CODES, "1.heads", column("forgets_key", 3), "last columns are 0 or 1"),
    (CODES, "0.heads", lambda rows: rows[:, 1:], "the memories have the wrong shape"),
    (CODES, "0.scales", lambda a: -a, "a scale is not positive"),
    (CODES, "0.scales", lambda a: a[:1], r"0\.scales: an array has the wrong shape"),
    (CODES, "1.value_turn", lambda a: a * np.nan, "holds NaN or infinity"),
    (SAMPLE, "0.keys", lambda a: a[:, :3].copy(), "0.keys: what the memories are sent"),
    (SAMPLE, "1.keep", lambda a: a + 1, "keep: a gate is out of range"),
    (SAMPLE, "1.rate", lambda a: a.astype(np.float64), "wrong type"),
])
def test_numbers_that_cannot_be_are_refused(
    saved: Path, file: str, array: str, change: Any, text: str
) -> None:
    arrays = load((saved / file).read_bytes())
    arrays[array] = change(arrays[array].copy())
    (saved / file).write_bytes(save(arrays))
    write_manifest(saved, _manifest(saved))
    with pytest.raises(TensorError, match=text):
        load_memories(saved)


def _manifest(folder: Path) -> MemoriesManifest:
    """What it should say of its files as they are now."""
    return MemoriesManifest(schema_version=1, generator="test", kind="memories", family="drawn",
                            layers=list(BUNDLE.codes), options={"rounding": "random"},
                            provenance={}, files=entries(folder))


def test_an_altered_file_and_a_layer_named_twice_are_refused(saved: Path) -> None:
    manifest = _manifest(saved)
    write_manifest(saved, manifest.model_copy(update={"layers": ["a", "a"]}))
    with pytest.raises(BundleError, match="names a layer twice; found a"):
        load_memories(saved)
    write_manifest(saved, manifest)
    content = (saved / CODES).read_bytes()
    (saved / CODES).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BundleError, match="was altered"):
        load_memories(saved)


def test_other_doors_say_what_it_is(saved: Path) -> None:
    for door in (load_bundle, load_whole):
        with pytest.raises(BundleError, match=r"found one of memories; .*simulate, evaluate"):
            door(saved)


# --- inspect and simulate


def test_inspect(saved: Path) -> None:
    found = describe(saved)
    assert found["kind"] == "bundle of memories"
    columns = ("layer", "heads", "key_size", "key_axons", "forgets_key")
    assert [tuple(one[name] for name in columns) for one in found["layers"]] == [
        ("layers.0", 2, 6, 7, True), ("layers.1", 2, 6, 7, False)]
    assert network_text(saved).count("network gated_delta") == 4


def test_simulate_by_closed_form_and_by_the_clock(saved: Path) -> None:
    fast, clocked = (neuromorph.simulate(saved, backend=name) for name in ("fast", "reference"))
    assert "closed form" in fast.as_dict()["by"]
    assert "clock" in clocked.as_dict()["by"]
    for name in ("outputs.layers.0", "outputs.layers.1"):
        assert fast.outputs[name].shape == (2, 8, 6)
        np.testing.assert_array_equal(fast.outputs[name], clocked.outputs[name])
    assert fast.as_dict()["tokens"] == 2 * 2 * 8
    assert min(one["cosine"] for one in fast.as_dict()["fidelity"]) > 0.98


def given(bundle: MemoriesBundle, layer: int, tokens: int) -> dict[str, Any]:
    """The first tokens of a layer's own sample, as a person gives them."""
    sample = bundle.samples[f"layers.{layer}"].part((slice(None), slice(tokens)))
    return {f"{part}.{layer}": getattr(sample, part) for part in PARTS}


def test_inputs_of_ones_own(saved: Path, tmp_path: Path) -> None:
    own = neuromorph.simulate(saved).outputs["outputs.layers.1"]
    np.savez(tmp_path / "given.npz", **given(BUNDLE, 1, 5))
    done = neuromorph.simulate(saved, inputs=tmp_path / "given.npz")
    assert list(done.outputs) == ["outputs.layers.1"]
    np.testing.assert_array_equal(done.outputs["outputs.layers.1"], own[:, :5])


@pytest.mark.parametrize(("change", "error", "text"), [
    (lambda arrays: {}, CalibrationError, "there are no inputs"),
    (lambda arrays: {k: v for k, v in arrays.items() if k != "rate.0"}, CalibrationError,
     r"an input array is missing; expected rate\.0"),
    (lambda arrays: arrays | {"mask.0": 1}, CalibrationError, "no use here"),
    (lambda arrays: arrays | {"keys.0": arrays["keys.0"][:, :, :2]}, TensorError,
     r"layers\.0\.keys"),
    (lambda arrays: arrays | {"keep.0": arrays["keep.0"] * 3}, TensorError, "out of range"),
])
def test_inputs_that_do_not_fit_are_refused(change: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        neuromorph.simulate(BUNDLE, inputs=change(given(BUNDLE, 0, 4)))


def test_nothing_is_divided() -> None:
    with pytest.raises(UsageError, match="nothing is divided"):
        neuromorph.simulate(BUNDLE, readout="emitted")
