"""What is no model but holds one, and models that have nothing to attach to."""

from __future__ import annotations

from typing import Any

import pytest

import neuromorph
from neuromorph.errors import CalibrationError, UsageError

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import FAMILIES, text  # noqa: E402


class Holder:
    """Anything with a model among its attributes, as a pipeline is."""

    def __init__(self, model: Any) -> None:
        self.name, self.inside = "pipe", model


@pytest.mark.parametrize(("wrap", "says"), [
    (Holder, r"found Holder.*It holds one, at \.inside: attach to that"),
    (lambda m: Holder(Holder(m).inside), r"at \.inside:"),
    (lambda m: torch.nn.ModuleList([m]), r"at \.get_submodule\('0'\):"),
    (lambda m: torch.nn.ModuleDict({"net": m}), r"at \.net:"),
    (lambda m: Holder(torch.nn.ModuleDict({"net": m})), r"at \.inside\.net:"),
])
def test_what_holds_a_model(wrap: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        neuromorph.attach(wrap(FAMILIES["bert"].build()), text())


def test_a_model_without_attention() -> None:
    sizes = {"hidden_size": 64, "num_hidden_layers": 1, "intermediate_size": 64, "vocab_size": 80}
    model = transformers.FNetModel(transformers.FNetConfig(**sizes)).eval()
    with pytest.raises(CalibrationError, match=r"reached none of its attention; found batches: 1"):
        neuromorph.attach(model, {"input_ids": text()["input_ids"]})
