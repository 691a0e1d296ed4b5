"""simulate: a bundle and inputs in; context, spikes and a comparison out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_models as small
from cli_tools import Run, snapshot

import neuromorph
from neuromorph.api.simulate import FOLDER, samples_of
from neuromorph.bundle import Bundle, load_bundle
from neuromorph.errors import CalibrationError
from neuromorph.models.digits import DigitsViT, load_split
from neuromorph.translate.fidelity import float_attention

Arrays = dict[str, Any]


def inputs(bundle: Bundle, layers: int = 1, **changes: Any) -> Arrays:
    """Queries, keys and values of the first layers, as the bundle's sample has them."""
    arrays: Arrays = {}
    for i, sample in enumerate([*bundle.samples.values()][:layers]):
        arrays |= {f"{part}.{i}": getattr(sample, part) for part in ("queries", "keys", "values")}
    return {name: a for name, a in (arrays | changes).items() if a is not None}


@pytest.fixture
def given(tmp_path: Path, loaded: Bundle) -> Path:
    np.savez(tmp_path / "given.npz", **inputs(loaded))
    return tmp_path / "given.npz"


def test_table(cli: Run, exported: Path) -> None:
    done = cli("simulate", exported)
    assert done.code == 0, done.err
    assert done.err == ""
    assert "the bundle's own sample" in done.out
    assert "fast (bit-exact model)" in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_json_is_all_there_is(cli: Run, exported: Path) -> None:
    done = cli("simulate", exported, "--json")
    result = json.loads(done.out)
    assert done.err == ""
    assert result["backend"] == "fast"
    assert result["queries"] == 3 * 4 * 17
    assert min(f["cosine"] for f in result["fidelity"]) > 0.99


def test_heads_may_send_their_context_themselves(cli: Run, exported: Path) -> None:
    host = json.loads(cli("simulate", exported, "--json").out)
    sent = json.loads(cli("simulate", exported, "--json", "--readout", "emitted").out)
    assert (host["readout"], sent["readout"]) == ("host", "emitted")
    assert sent["spikes"] == host["spikes"]
    cosines = [[f["cosine"] for f in one["fidelity"]] for one in (host, sent)]
    assert cosines[0] != cosines[1]
    np.testing.assert_allclose(cosines[1], cosines[0], atol=1e-4)


def test_an_unknown_readout_is_refused(fails: Run, exported: Path) -> None:
    assert "no such read-out; found chip" in fails(2, "simulate", exported, "--readout", "chip")


def test_quiet_prints_nothing(cli: Run, exported: Path) -> None:
    done = cli("simulate", exported, "-o", "r", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_output(cli: Run, exported: Path, given: Path, loaded: Bundle) -> None:
    done = cli("simulate", exported, "--inputs", given, "-o", "r", "--json")
    assert json.loads(Path("r/summary.json").read_text()) == json.loads(done.out) | FOLDER.mark()
    with np.load("r/outputs.npz") as arrays:
        assert sorted(arrays) == [f"{part}.blocks.0.attention"
                                  for part in ("context", "payloads", "times")]
        context = arrays["context.blocks.0.attention"]
    expected = float_attention(loaded.samples["blocks.0.attention"])[1]
    assert np.abs(context - expected).max() < 0.1 * np.abs(expected).max()
    first = snapshot(Path("r"))
    assert cli("simulate", exported, "--inputs", given, "-o", "r", "--json", "--force").code == 0
    assert snapshot(Path("r")) == first


@pytest.mark.parametrize("backend", ["reference", "lava"])
def test_backends_agree_to_the_bit(
    cli: Run, exported: Path, tmp_path: Path, loaded: Bundle, backend: str
) -> None:
    part = {name: a[:, :3] if name.startswith("queries") else a
            for name, a in inputs(loaded).items()}
    np.savez(tmp_path / "few.npz", **part)
    for name in ("fast", backend):
        done = cli("simulate", exported, "--inputs", "few.npz", "--backend", name, "-o", name, "-q")
        assert done.code == 0, done.err
    with np.load("fast/outputs.npz") as one, np.load(f"{backend}/outputs.npz") as other:
        assert list(one) == list(other)
        assert all((one[name] == other[name]).all() for name in one)


def test_images_run_the_whole_model(cli: Run, exported: Path, tmp_path: Path) -> None:
    test = load_split().test
    images, labels = test.images[:30], test.labels[:30]
    np.savez(tmp_path / "images.npz", images=images, labels=labels)
    result = json.loads(cli("simulate", exported, "--inputs", "images.npz", "--json").out)
    expected = DigitsViT.load().logits(images).argmax(axis=1)
    assert (np.array(result["predictions"]) == expected).mean() > 0.95
    assert result["accuracy"] == np.mean(result["predictions"] == labels)
    assert "accuracy" in cli("simulate", exported, "--inputs", "images.npz").out


@pytest.mark.parametrize(("arrays", "code", "text"), [
    ({"images": np.zeros((0, 8, 8))}, 3, "there are no images"),
    ({"images": np.zeros((2, 9, 8))}, 3, "the images have another shape"),
    ({"images": np.full((2, 8, 8), -1)}, 3, "a pixel is out of range"),
    ({"images": np.zeros((2, 8, 8)), "labels": np.zeros(3)}, 3,
     "labels and images differ in number; found (3,); expected (2,)"),
    ({"images": np.zeros((2, 8, 8)), "label": np.zeros(2)}, 3, "Did you mean 'labels'?"),
    ({"labels": np.zeros(2)}, 3, "i.npz: an array of this name has no use here; found labels"),
])
def test_images_that_do_not_fit(
    fails: Run, exported: Path, tmp_path: Path, arrays: Arrays, code: int, text: str
) -> None:
    np.savez(tmp_path / "i.npz", **arrays)
    assert text in fails(code, "simulate", exported, "--inputs", "i.npz")


NOT_A_MASK = np.full((17, 17), 0.5)


@pytest.mark.parametrize(("changes", "text"), [
    ({"keys.0": None}, "an input array is missing; expected keys.0"),
    ({"queries.0": None}, "expected queries.0"),
    ({"values.0": None, "keys.0": None, "queries.0": None, "mask.0": np.ones((17, 17))},
     "expected queries.0"),
    ({"queries.0": np.ones(12)}, "inputs have the wrong shape; found (12,)"),
    ({"queries.0": np.ones((3, 17, 12))}, "heads do not divide"),
    ({"queries.0": np.ones((8, 17, 12))}, "do not fit the layer; found (8, 17, 12); expected (4, "),
    ({"queries.0": np.ones((4, 17, 13))}, "queries and keys do not fit each other"),
    ({"queries.0": np.ones((4, 0, 12))}, "the queries are empty"),
    ({"values.0": np.ones((4, 17, 11))}, "the values do not fit the layer"),
    ({"values.0": np.ones((4, 16, 12))}, "4 value"),
    ({"keys.0": np.ones((4, 18, 12)), "values.0": np.ones((4, 18, 12))},
     "longer than the circuit's slots; found 18; expected at most 17. Export with more slots"),
    ({"queries.0": np.full((4, 17, 12), np.inf)}, "holds NaN, infinity or more"),
    ({"mask.0": np.ones((17, 16))}, "the mask does not fit the queries and keys"),
    ({"mask.0": np.zeros((17, 17))}, "the mask hides every key from every query"),
    ({"mask.0": NOT_A_MASK}, "a mask holds other numbers than 0 and 1; found 0.5 to 0.5"),
    ({"masks.0": np.ones((17, 17))}, "found masks.0. Did you mean 'mask.0'?"),
    ({"queries.3": np.ones((4, 17, 12))}, "has no use here; found queries.3"),
])
def test_inputs_that_do_not_fit(
    fails: Run, exported: Path, tmp_path: Path, loaded: Bundle, changes: Arrays, text: str
) -> None:
    np.savez(tmp_path / "given.npz", **inputs(loaded, **changes))
    assert text in fails(3, "simulate", exported, "--inputs", "given.npz", "-o", "r")


@pytest.mark.parametrize("part", ["queries.0", "mask.0"])
@pytest.mark.parametrize("other", [
    np.ones((4, 17, 12), complex), np.full((17, 17), "1"), np.full((17, 17), None)])
def test_arrays_from_a_program_are_numbers(loaded: Bundle, part: str, other: Any) -> None:
    with pytest.raises(CalibrationError, match="an array must hold real numbers; found "):
        neuromorph.simulate(loaded, inputs=inputs(loaded, **{part: other}))


def test_a_mask_may_be_lists(loaded: Bundle) -> None:
    given: Any = inputs(loaded) | {"mask.0": np.ones((17, 17)).tolist()}
    assert neuromorph.simulate(loaded, inputs=given).fidelity


def test_arrays_from_a_program(loaded: Bundle) -> None:
    report = neuromorph.simulate(loaded, inputs=inputs(loaded, 2), backend="fast")
    assert {f.layer for f in report.fidelity} == {"blocks.0.attention", "blocks.1.attention"}
    assert report.source["inputs"] == "arrays in memory"


def test_a_mask_hides_keys(loaded: Bundle) -> None:
    mask = np.ones((17, 17))
    mask[:, 5:] = 0
    mask[3] = 0
    report = neuromorph.simulate(loaded, inputs=inputs(loaded, **{"mask.0": mask}))
    times = report.outputs["times.blocks.0.attention"]
    assert (times[:, :, 5:] == -1).all()
    assert (times[:, 3] == -1).all()
    assert (report.outputs["context.blocks.0.attention"][:, 3] == 0).all()


def test_causal_models_look_back_only(tmp_path: Path) -> None:
    """Without a mask; fewer queries than keys are the last ones."""
    model = small.folder(tmp_path / "m", small.llama_tensors(), small.llama_config())
    np.savez(tmp_path / "h.npz", **{f"hidden.{i}": small.random((4, 6, small.WIDTH), i)
                                    for i in range(small.LAYERS)})
    neuromorph.export(model, tmp_path / "b", calibrate=tmp_path / "h.npz")
    bundle = load_bundle(tmp_path / "b")
    mask = samples_of(bundle, inputs(bundle))["model.layers.0.self_attn"].mask
    assert (mask == np.tri(6, dtype=bool)).all()
    part = {"queries.0": inputs(bundle)["queries.0"][:, 4:]}
    mask = samples_of(bundle, inputs(bundle, **part))["model.layers.0.self_attn"].mask
    assert (mask == np.tri(6, dtype=bool)[4:]).all()
    with pytest.raises(neuromorph.NeuromorphError, match="only a bundle that holds its model"):
        neuromorph.simulate(bundle, inputs={"images": np.zeros((1, 8, 8))})


@pytest.mark.parametrize(("backend", "hint"), [
    ("fst", "found fst. Did you mean 'fast'?"),
    ("LAVA", "Choose one of: fast, lava, loihi_emulator, nengo, reference"),
    ("hardware\n\x1b[2J", "found hardware\\n\\x1b[2J. Choose one of"),
    ("", "unknown backend"),
])
def test_unknown_backends(fails: Run, exported: Path, backend: str, hint: str) -> None:
    assert hint in fails(2, "simulate", exported, "--backend", backend)
