"""Memories of a model on disk: exported with text, run from the bundle, evaluated inside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import neuromorph
from neuromorph.api.memories import MemoriesReport, export_memories
from neuromorph.bundle.memories import load_memories
from neuromorph.errors import BundleError, CalibrationError, UnsupportedError, UsageError
from neuromorph.huggingface.memory_attachment import MemoryAttachment

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_delta import cosine, minimax, qwen3_next, texts  # noqa: E402
from hf_folders import save_model  # noqa: E402
from hf_memories import MAKERS, save_folder, save_text  # noqa: E402


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memories")
    save_text(folder / "text.txt")
    for family in MAKERS:
        save_folder(folder / family, family)
    return folder


@pytest.fixture(scope="module")
def exported(place: Path) -> dict[str, MemoriesReport]:
    return {family: export_memories(place / family, place / f"bundle-{family}",
                                    calibrate=place / "text.txt") for family in MAKERS}


@pytest.mark.parametrize("family", MAKERS)
def test_export(exported: dict[str, MemoriesReport], family: str) -> None:
    report = exported[family]
    found = report.as_dict()
    assert (found["kind"], found["family"], found["layers"], found["memories"]) == (
        "memories", family, 3, 12)
    assert found["fidelity_on"] == "held-out samples"
    assert found["mean_cosine"] > 0.995
    read = load_memories(report.path)
    assert {code.forgets_key for codes in read.codes.values() for code in codes} == {
        family == "qwen3_next"}
    assert all(sample.tokens == 64 for sample in read.samples.values())
    assert min(one.cosine for one in neuromorph.simulate(read).fidelity) > 0.99


@torch.no_grad()
@pytest.mark.parametrize(("family", "make"), [("qwen3_next", qwen3_next), ("minimax", minimax)])
def test_a_model_takes_the_bundle_and_gives_it_back(
    exported: dict[str, MemoriesReport], family: str, make: Any
) -> None:
    """A model with a head on top names its layers otherwise."""
    model, ids = make(), texts(2, 40)["input_ids"] % 20
    own = model(ids).logits
    with neuromorph.attach(model, exported[family].path) as attached:
        assert isinstance(attached, MemoryAttachment)
        assert attached.attached
        ours = model(ids).logits
        assert cosine(ours, own) > 0.95  # layers amplify each other
        assert not torch.equal(ours, own)
        report = attached.report()
        assert (report["attached"], report["memories"]["tokens"]) == (True, 3 * 2 * 40)
    assert not attached.attached
    assert torch.equal(model(ids).logits, own)
    attached.attach()
    slow = neuromorph.attach(model, exported[family].bundle, backend="reference")
    assert not attached.attached
    assert torch.equal(model(ids).logits, ours)  # NumPy says what the compiled kernel says
    attached.detach()  # of one that is no longer the model's
    assert slow.attached
    slow.detach()


def test_evaluate(exported: dict[str, MemoriesReport], place: Path, tmp_path: Path) -> None:
    done = neuromorph.evaluate(exported["qwen3_next"].path, place / "text.txt",
                               against=place / "qwen3_next", work=tmp_path)
    assert 0 <= done.found["kl"] < 0.05
    assert done.found["cosine_by_layer"][0] == pytest.approx(1)
    with pytest.raises(UsageError, match="evaluated inside its model"):
        neuromorph.evaluate(exported["qwen3_next"].path, place / "text.txt")


def test_what_does_not_fit_is_refused(
    exported: dict[str, MemoriesReport], place: Path, tmp_path: Path
) -> None:
    bundle = exported["minimax"].path
    with pytest.raises(BundleError, match=r"exported for another model; found layer"):
        neuromorph.attach(qwen3_next(), bundle)
    with pytest.raises(UsageError, match="neither options nor a tokenizer nor memories"):
        neuromorph.attach(minimax(), bundle, memories=True)
    with pytest.raises(CalibrationError, match="calibrated on text"):
        export_memories(place / "minimax", tmp_path / "new")
    with pytest.raises(UnsupportedError, match="keeps no memory by the gated delta rule or linear"):
        export_memories(save_model(tmp_path / "bert"), tmp_path / "new",
                        calibrate=place / "text.txt")
    assert not (tmp_path / "new").exists()


def test_equal_inputs_give_equal_bytes(
    exported: dict[str, MemoriesReport], place: Path, tmp_path: Path
) -> None:
    export_memories(place / "minimax", tmp_path / "again", calibrate=place / "text.txt")
    for file in exported["minimax"].path.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()
