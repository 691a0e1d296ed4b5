"""export: a model in, a bundle out; the same bytes every time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_gguf as gguf
import small_models as small
from cli_tools import Done, Run, snapshot

from neuromorph.api import export as api
from neuromorph.bundle import Bundle, load_bundle, save_bundle
from neuromorph.bundle.tensors import PARTS, SCALES
from neuromorph.errors import MissingFileError, NeuromorphWarning, UsageError
from neuromorph.models.digits import WEIGHTS
from neuromorph.translate import TranslateOptions


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    return small.folder(tmp_path / "llama", small.llama_tensors(), small.llama_config())


def hidden(path: Path, sequences: int = 12, tokens: int = 9, **changes: object) -> Path:
    """Hidden states for every layer of a small model."""
    arrays = {f"hidden.{i}": small.random((sequences, tokens, small.WIDTH), i)
              for i in range(small.LAYERS)} | changes
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})
    return path


def test_the_same_model_gives_the_same_bytes(cli: Run, exported: Path, tmp_path: Path) -> None:
    assert cli("export", WEIGHTS, "-o", "again", "--quiet").code == 0
    assert snapshot(tmp_path / "again") == snapshot(exported)


def test_table(cli: Run) -> None:
    done = cli("export", WEIGHTS, "-o", "made/deep/bundle")
    assert done.code == 0, done.err
    assert done.err == ""
    assert "digits-vit: 3 layers, 12 heads" in done.out
    assert "12 heads, worst first" in done.out
    assert "neuromorph simulate made/deep/bundle" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_windows_by_the_mass_they_keep(cli: Run) -> None:
    done = cli("export", WEIGHTS, "-o", "out", "--keep-mass", "0.97", "--json")
    found = json.loads(done.out)
    assert found["options"]["keep_mass"] == 0.97
    assert len(found["windows"]) == found["heads"]
    assert min(w["kept"] for w in found["windows"]) > 0.9
    assert "What windows keep" in cli("export", WEIGHTS, "-o", "out", "--keep-mass", "0.97",
                                      "--force").out


def test_json_is_all_there_is(cli: Run) -> None:
    done = cli("export", WEIGHTS, "-o", "b", "--json", "--spikes", "binary", "--step-nats", "0.35")
    result = json.loads(done.out)
    assert done.err == ""
    assert [result[name] for name in ("bundle", "layers", "heads", "slots")] == ["b", 3, 12, 17]
    assert result["options"]["spikes"] == "binary"
    assert result["options"]["step_nats"] == 0.35
    assert len(result["fidelity"]) == 12
    assert load_bundle("b").options == result["options"]


def test_quiet_prints_nothing(cli: Run) -> None:
    done = cli("export", WEIGHTS, "-o", "b", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_force_replaces_an_earlier_bundle(cli: Run, bundle: Path) -> None:
    assert cli("export", WEIGHTS, "-o", bundle, "--spikes", "binary", "--force").code == 0
    assert load_bundle(bundle).options["spikes"] == "binary"
    assert [p.name for p in bundle.parent.iterdir()] == ["bundle"]


def test_an_empty_folder_is_as_good_as_none(cli: Run, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    assert cli("export", WEIGHTS, "-o", "b", "-q").code == 0


def test_a_model_that_needs_calibration(cli: Run, llama: Path, tmp_path: Path) -> None:
    done = cli("export", llama, "-o", "b", "--calibrate", hidden(tmp_path / "h.npz"), "--json")
    assert done.code == 0, done.err
    bundle = load_bundle("b")
    assert bundle.causal
    assert bundle.model is None
    assert bundle.provenance["calibration"] == "12 sequences, h.npz"
    assert json.loads(done.out)["slots"] == 16  # as the data is long


@pytest.mark.parametrize(("calibrate", "code", "text"), [
    (None, 3, "this model needs calibration data; found family llama. Give --calibrate FILE.txt"),
    ("nothing.npz", 3, "no such file"),
    ({"hidden.1": None}, 3, "lacks a layer's hidden states; found hidden.0; expected hidden.1"),
    ({"hiden.0": np.ones(3)}, 3, "has no use here; found hiden.0. Did you mean 'hidden.0'?"),
    ({"hidden.2": np.ones((4, 12))}, 3, "has no use here; found hidden.2"),
    ({"hidden.0": np.ones((4, 11), np.float32)}, 3, "wrong shape; found (4, 11); expected (tokens"),
    ({"hidden.0": np.ones((0, 4, 12))}, 3, "wrong shape; found (0, 4, 12)"),
    ({"hidden.0": np.ones(12)}, 3, "wrong shape; found (12,)"),
    ({"hidden.0": np.ones((1, 4, 12))}, 3, "layers differ in the number of sequences; found 1 to"),
    ({"hidden.0": np.full((12, 4, 12), np.nan)}, 3, "NaN, infinity or more than single precision"),
    ({"hidden.0": np.full((12, 4, 12), 1e300)}, 3, "more than single precision holds"),
    ({"hidden.0": np.full((12, 4, 12), "x")}, 3, "an array must hold real numbers; found <U1"),
    ({"hidden.0": np.full((12, 4, 12), None)}, 3, "an array must hold real numbers; found object"),
])
def test_calibration_that_does_not_fit(
    fails: Run, llama: Path, tmp_path: Path, calibrate: object, code: int, text: str
) -> None:
    path = hidden(tmp_path / "h.npz", **calibrate) if isinstance(calibrate, dict) else calibrate
    arguments = [] if path is None else ["--calibrate", path]
    assert text in fails(code, "export", llama, "-o", "b", *arguments)


@pytest.mark.parametrize(("arrays", "text"), [
    ({"pictures": np.zeros((2, 8, 8))}, "has no use here; found pictures"),
    ({"labels": np.zeros(2)}, "calibrates on images; found labels"),
    ({"images": np.zeros((0, 8, 8))}, "there are no images"),
    ({"images": np.zeros((2, 8, 7))}, "the images have another shape; found (2, 8, 7)"),
    ({"images": np.full((2, 8, 8), 17)}, "a pixel is out of range; found 17 to 17"),
])
def test_images_that_do_not_fit(
    fails: Run, tmp_path: Path, arrays: dict[str, np.ndarray], text: str
) -> None:
    np.savez(tmp_path / "i.npz", **arrays)
    assert text in fails(3, "export", WEIGHTS, "-o", "b", "--calibrate", "i.npz")


def test_images_of_ones_own(cli: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "i.npz", images=np.random.default_rng(0).integers(0, 17, (12, 8, 8)))
    assert cli("export", WEIGHTS, "-o", "b", "--calibrate", "i.npz", "-q").code == 0
    assert load_bundle("b").provenance["calibration"] == "12 images, i.npz"


def test_a_gguf_model_needs_no_torch(cli: Run, fails: Run, tmp_path: Path) -> None:
    gguf.llama_heads(tmp_path / "m.gguf")
    assert "m.gguf: this model needs calibration data" in fails(3, "export", "m.gguf", "-o", "b")
    np.savez(tmp_path / "h.npz", **{"hidden.0": small.random((12, 9, 16))})
    assert cli("export", "m.gguf", "-o", "b", "--calibrate", "h.npz", "-q").code == 0
    assert load_bundle("b").family == "llama, GGUF"
    assert "a GGUF file says itself" in fails(2, "export", "m.gguf", "-o", "c", "--heads", 2,
                                              "--calibrate", "h.npz")


def test_a_name_that_is_not_unicode(cli: Run, tmp_path: Path) -> None:
    """It is escaped, in the manifest too."""
    odd = tmp_path / "\udcff\n.npz"
    np.savez(odd, images=np.zeros((3, 8, 8)))
    assert cli("export", WEIGHTS, "-o", "b", "--calibrate", odd, "-q").code == 0
    assert "\\udcff" in load_bundle("b").provenance["calibration"]
    done = cli("inspect", "b")
    assert done.code == 0
    assert "\\udcff" in done.out


@pytest.mark.parametrize("output", [".", "..", "/", "", "llama", "llama/..", "llama/../llama"])
def test_an_output_that_is_or_holds_the_input(fails: Run, llama: Path, output: str) -> None:
    text = fails(2, "export", "llama", "-o", output, "--force")
    assert "would replace the model" in text or "needs a name" in text


@pytest.mark.parametrize(("arguments", "error", "says"), [
    ({"output": "a\0b"}, UsageError, "the output needs a name"),
    ({"model": "a\0b"}, MissingFileError, "the path holds a NUL character"),
    ({"seed": -1}, UsageError, "the seed must be a whole number of at least 0; found -1"),
    ({"seed": 1.5}, UsageError, "the seed must be a whole number"),
])
def test_what_only_a_program_can_ask_for(
    arguments: dict[str, Any], error: type[Exception], says: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        api.export(**{"model": WEIGHTS, "output": tmp_path / "b", **arguments})
    assert not any(tmp_path.iterdir())


def test_what_is_measured_was_not_calibrated_on(loaded: Bundle) -> None:
    assert api.export(WEIGHTS, Path(loaded.path).parent / "seeded", seed=1).held_out
    seeded = load_bundle(Path(loaded.path).parent / "seeded")
    assert (seeded.codes["blocks.0.attention"].query_scale
            != loaded.codes["blocks.0.attention"].query_scale).any()


# --- save and load


def test_what_is_saved_is_what_is_loaded(loaded: Bundle, tmp_path: Path) -> None:
    made = api.export(WEIGHTS, tmp_path / "b").bundle
    assert_equal(made, loaded)
    assert_equal(load_bundle(save_bundle(loaded, tmp_path / "c")), loaded)
    assert snapshot(tmp_path / "c") == snapshot(loaded.path)


def assert_equal(a: Bundle, b: Bundle) -> None:
    assert (a.family, a.causal, a.options, a.provenance, a.model) == (
        b.family, b.causal, b.options, b.provenance, b.model)
    assert list(a.codes) == list(b.codes) == list(a.samples) == list(b.samples)
    for name in a.codes:
        assert a.codes[name].heads == b.codes[name].heads
        assert a.codes[name].step_nats == b.codes[name].step_nats
        for left, right, parts in ((a.codes[name], b.codes[name], SCALES),
                                   (a.samples[name], b.samples[name], PARTS)):
            for part in parts:
                one, other = getattr(left, part), getattr(right, part)
                assert one.dtype == other.dtype
                np.testing.assert_array_equal(one, other)


def test_a_bundle_in_memory_is_what_it_would_be_on_disk(loaded: Bundle) -> None:
    made = Bundle("f", True, loaded.codes, loaded.samples, {"slots": None, "a": 1},
                  {"name": "a\nb\udcff", "more": {"none": None, "list": (1, 2)}})
    assert made.options == {"a": 1}
    assert made.provenance == {"name": "a\\nb\\udcff", "more": {"list": [1, 2]}}
    assert made.model_file is None


def test_every_kind_of_options_comes_back(loaded: Bundle, tmp_path: Path) -> None:
    options = TranslateOptions(spikes="binary", step_nats=0.25, slots=40, window_nats=5.0)
    made = api.export(WEIGHTS, tmp_path / "b", options=options)
    again = load_bundle(tmp_path / "b")
    assert_equal(made.bundle, again)
    assert again.options["slots"] == 40
    assert all(h.slots == 40 for code in again.codes.values() for h in code.heads)


# --- what works badly is said


def warnings_of(done: Done) -> list[str]:
    return [row["kind"] for row in json.loads(done.out)["warnings"]]


def test_a_good_export_warns_of_nothing(cli: Run) -> None:
    done = cli("export", WEIGHTS, "-o", "b", "--json")
    assert warnings_of(done) == []
    assert load_bundle("b").cautions == ()
    assert "warning" not in cli("inspect", "b").out


def test_little_data_is_said_and_kept(cli: Run, llama: Path, tmp_path: Path) -> None:
    data = hidden(tmp_path / "h.npz", sequences=1)
    done = cli("export", llama, "-o", "b", "--calibrate", data, "--json")
    assert {"few-tokens", "nothing-held-out"} <= set(warnings_of(done))
    assert [c.kind for c in load_bundle("b").cautions] == warnings_of(done)
    for command in (["simulate", "b"], ["inspect", "b"],
                    ["export", llama, "-o", "c", "--calibrate", data]):
        lines = [line for line in cli(*command).out.splitlines() if line.startswith("warning: ")]
        assert any("tokens to calibrate on" in line for line in lines), command
    assert json.loads(cli("simulate", "b", "--json").out)["warnings"]


def test_passages_far_shorter_than_the_slots(cli: Run, llama: Path, tmp_path: Path) -> None:
    data = hidden(tmp_path / "h.npz", sequences=40)
    done = cli("export", llama, "-o", "b", "--calibrate", data, "--slots", "19", "--json")
    assert "short-passages" in warnings_of(done)
    done = cli("export", llama, "-o", "c", "--calibrate", data, "--slots", "18", "--json")
    assert "short-passages" not in warnings_of(done)


def test_an_outlier_sets_no_range_and_is_said(cli: Run, llama: Path, tmp_path: Path) -> None:
    plain = hidden(tmp_path / "plain.npz", sequences=40)
    arrays = dict(np.load(plain))
    arrays["hidden.0"][3, 4, 0] = 1e6
    np.savez(tmp_path / "spoilt.npz", **arrays)
    done = cli("export", llama, "-o", "spoilt", "--calibrate", tmp_path / "spoilt.npz", "--json")
    assert "outlier" in warnings_of(done)
    assert "in sequence 4 of 40 " in done.out  # as the file counts, whatever is held out
    spoilt = json.loads(done.out)
    done = cli("export", llama, "-o", "fine", "--calibrate", plain, "--json")
    assert "outlier" not in warnings_of(done)
    fine = json.loads(done.out)
    assert spoilt["median_steps"] <= fine["median_steps"] + 10
    assert spoilt["mean_cosine"] > 0.99


def test_from_python_it_is_a_warning(llama: Path, tmp_path: Path) -> None:
    with pytest.warns(NeuromorphWarning, match="tokens to calibrate on"):
        api.export(llama, tmp_path / "b", calibrate=hidden(tmp_path / "h.npz", sequences=2))


def test_unfit_inputs_are_said_by_simulate(cli: Run, bundle: Path) -> None:
    sample = next(iter(load_bundle(bundle).samples.values()))
    tokens = sample.keys.shape[1]
    assert tokens == 17
    loud = {f"{part}.0": 5 * getattr(sample, part) for part in ("queries", "keys", "values")}
    np.savez("loud.npz", **loud)
    found = json.loads(cli("simulate", bundle, "--inputs", "loud.npz", "--json").out)
    assert found["clipped_share"] > 0.01
    assert found["forced_a_query"] == found["forced"] / found["queries"]
    assert "clipped-codes" in [row["kind"] for row in found["warnings"]]
    done = cli("simulate", bundle, "--inputs", "loud.npz")
    assert "warning: " in done.out
    assert "are clipped" in done.out
    assert done.err == ""


def test_held_out_data_that_is_louder_is_said(cli: Run, llama: Path, tmp_path: Path) -> None:
    """What is held out shows what calibration missed: codes are clipped."""
    plain = hidden(tmp_path / "h.npz", sequences=2, tokens=60)
    arrays = dict(np.load(plain))
    held = [i for i in range(2) if i not in np.random.default_rng(0).permutation(2)[1:]]
    for array in arrays.values():
        array[held] *= 9
    np.savez(tmp_path / "loud.npz", **arrays)
    said = warnings_of(cli("export", llama, "-o", "b", "--calibrate", "loud.npz", "--json"))
    assert "clipped-codes" in said
    said = warnings_of(cli("export", llama, "-o", "c", "--calibrate", plain, "--json"))
    assert "clipped-codes" not in said
