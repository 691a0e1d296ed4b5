"""What spikes cannot give: gradients, attention weights, graphs. It is said, or done otherwise."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

import neuromorph
from neuromorph.errors import UnsupportedError, UsageError
from neuromorph.huggingface import hook

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import FAMILIES, SLOTS, closeness, run, same, text  # noqa: E402

BERT, LLAMA = FAMILIES["bert"], FAMILIES["llama"]


@pytest.fixture
def llama() -> Any:
    return LLAMA.build()


def attached(model: Any) -> neuromorph.Attachment:
    return neuromorph.attach(model, text("no"), options=SLOTS)


def hidden(model: Any, **more: Any) -> Any:
    return model(**text("no"), **more)["last_hidden_state"]


# --- training


@pytest.mark.parametrize("family", [BERT, LLAMA], ids=["with dropout", "without"])
def test_training_mode_is_refused_once_attached(family: Any) -> None:
    model = family.build()
    own = run(model, text())
    with attached(model):
        model.train()
        with pytest.raises(UnsupportedError, match=r"0.*training mode.*no gradient.*eval"):
            hidden(model)
        model.eval()
        assert closeness(run(model, text()), own) > 0.999
    assert same(run(model, text()), own)


def test_dropout_that_is_never_off_is_refused(llama: Any) -> None:
    q = torch.randn(1, 4, 3, 16)
    with attached(llama), pytest.raises(UnsupportedError, match=r"layers\.0.*dropout is on"):
        hook._attention(llama.layers[0].self_attn, q, q, q, None, dropout=0.1)


def test_gradients_need_not_be_switched_off(llama: Any) -> None:
    with attached(llama), torch.no_grad():
        quiet = hidden(llama)
    with attached(llama):
        loud = hidden(llama)
    assert loud.requires_grad
    assert torch.equal(loud.detach(), quiet)


def test_backward_is_refused(llama: Any) -> None:
    with attached(llama):
        loss = hidden(llama).sum()
        with pytest.raises(UnsupportedError, match=r"layers\.1.*gradient.*none.*detached"):
            loss.backward()
    hidden(llama).sum().backward()
    assert llama.layers[0].self_attn.q_proj.weight.grad.abs().sum() > 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own
def test_forward_gradients_are_refused(llama: Any) -> None:
    import torch.autograd.forward_ad as forward

    start = llama.get_input_embeddings()(text("no")["input_ids"]).detach()
    with attached(llama), forward.dual_level(), pytest.raises(UnsupportedError, match="gradient"):
        llama(inputs_embeds=forward.make_dual(start, start))


def test_what_comes_after_attention_can_be_trained(llama: Any) -> None:
    llama.requires_grad_(False)
    head = torch.nn.Linear(64, 3)
    with attached(llama):
        states = hidden(llama)
        head(states).sum().backward()
    with torch.no_grad():
        assert torch.allclose(head.weight.grad, states.sum((0, 1)).expand(3, 64), rtol=1e-4)


# --- attention weights


def test_attention_weights_cannot_be_had(llama: Any) -> None:
    with attached(llama), pytest.raises(UnsupportedError, match="attention weights"):
        hidden(llama, output_attentions=True)


def test_attention_weights_cannot_be_had_by_configuration(llama: Any) -> None:
    llama.set_attn_implementation("eager")
    spiking = attached(llama)
    spiking.detach()
    llama.config.output_attentions = True
    own = hidden(llama)
    with spiking, pytest.raises(UnsupportedError, match=r"layers\.0.*weights.*configuration"):
        hidden(llama)
    with pytest.raises(UnsupportedError, match=r"layers\.0.*weights.*configuration"):
        attached(llama)
    assert torch.equal(hidden(llama), own)


# --- graphs, and tensors that only stand for numbers


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own
def test_a_compiled_model_runs_the_same_spikes(backend: str, llama: Any) -> None:
    compiled = torch.compile(llama, backend=backend)
    with torch.no_grad():
        own = hidden(compiled)
        with attached(llama) as spiking:
            before = hidden(llama)
            done = spiking.tally.queries
            assert torch.equal(hidden(compiled), before)
            assert spiking.tally.queries == 2 * done
        assert not torch.equal(own, before)
        assert torch.equal(hidden(compiled), own)
    torch._dynamo.reset()


def test_a_compiled_model_can_be_attached(llama: Any) -> None:
    spiking = attached(torch.compile(llama, backend="eager"))
    assert spiking.model is llama
    assert list(spiking.codes) == ["layers.0.self_attn", "layers.1.self_attn"]
    spiking.detach()


def embedded(model: Any) -> tuple[Any, Callable[[Any], Any]]:
    start = model.get_input_embeddings()(text("no")["input_ids"]).detach()
    return start, lambda inputs: model(inputs_embeds=inputs)["last_hidden_state"].sum()


def in_vmap(model: Any) -> None:
    start, f = embedded(model)
    torch.func.vmap(lambda row: f(row[None]))(start)


def in_grad(model: Any) -> None:
    start, f = embedded(model)
    torch.func.grad(f)(start)


def on_meta(model: Any) -> None:
    model.to("meta")(input_ids=text("no")["input_ids"].to("meta"))


def exported(model: Any) -> None:
    torch.export.export(model, (text("no")["input_ids"],), strict=False)


@pytest.mark.parametrize("call", [in_vmap, in_grad, on_meta, exported])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own
def test_tensors_without_numbers_are_refused(call: Callable[[Any], Any], llama: Any) -> None:
    with attached(llama), pytest.raises(UnsupportedError, match=r"layers\.0.*without numbers"):
        call(llama)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning",
                            "ignore::FutureWarning")  # of theirs
def test_tracing_would_freeze_the_spikes(llama: Any) -> None:
    with attached(llama), pytest.raises(UnsupportedError, match=r"layers\.0.*jit\.trace.*Detach"):
        torch.jit.trace(llama, (text("no")["input_ids"],), strict=False)


# --- copies


def test_an_attachment_is_not_copied(llama: Any) -> None:
    with attached(llama) as spiking:
        for copied in (copy.copy, copy.deepcopy):
            with pytest.raises(UsageError, match=r"copied or pickled.*bundle"):
                copied(spiking)
