"""Models of other libraries: sentence-transformers, PEFT, timm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import neuromorph
from neuromorph.translate import TranslateOptions

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_folders import PASSAGES  # noqa: E402
from hf_models import FAMILIES, SLOTS, closeness, run, same, shaken, text  # noqa: E402

CLOSE = 0.998


def near(mine: Any, theirs: Any) -> float:
    return float(torch.nn.functional.cosine_similarity(mine, theirs, dim=-1).mean())


def test_sentence_transformers(bert_folder: Path) -> None:
    library = pytest.importorskip("sentence_transformers",
                                  reason="sentence-transformers is not installed")
    model = library.SentenceTransformer(str(bert_folder), device="cpu",
                                        local_files_only=True).eval()
    own = model.encode(PASSAGES, convert_to_tensor=True)
    spiking = neuromorph.attach(model, PASSAGES, tokenizer=model.tokenizer, options=SLOTS)
    before = spiking.tally.queries
    assert near(model.encode(PASSAGES, convert_to_tensor=True), own) > CLOSE
    assert spiking.tally.queries > before
    spiking.detach()
    assert torch.equal(model.encode(PASSAGES, convert_to_tensor=True), own)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of theirs
@pytest.mark.parametrize("name", ["llama", "gptj"])
def test_a_model_that_peft_wraps(name: str) -> None:
    peft = pytest.importorskip("peft", reason="peft is not installed")
    from benchmarks.zoo import FAMILIES as MORE

    model = FAMILIES[name].build() if name in FAMILIES else MORE[name].build(name)
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    wrapped, inputs = peft.get_peft_model(model, config).eval(), text()
    own = run(wrapped, inputs)
    with neuromorph.attach(wrapped, inputs, options=SLOTS) as spiking:
        assert closeness(run(wrapped, inputs), own) > CLOSE
        assert spiking.tally.queries == 2 * 4 * inputs["input_ids"].numel()
    assert same(run(wrapped, inputs), own)


@pytest.mark.parametrize(("name", "layers"), [
    ("vit_tiny_patch16_224", 12), ("swin_tiny_patch4_window7_224", 12),
    ("swinv2_cr_tiny_224", 12)])
def test_timm(name: str, layers: int) -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed")
    model = shaken(timm.create_model(name, num_classes=10))
    with torch.no_grad():  # else queries of so wide a model choose one key
        for key, parameter in model.named_parameters():
            if "qkv.weight" in key:
                parameter.mul_(0.25)
    x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        own = model.forward_features(x)
        spiking = neuromorph.attach(model, x, options=TranslateOptions(slots=256))
        assert near(model.forward_features(x), own) > CLOSE
    assert len(spiking.codes) == layers
    assert spiking.report()["uncaught"] == []
    spiking.detach()
    with torch.no_grad():
        assert torch.equal(model.forward_features(x), own)
