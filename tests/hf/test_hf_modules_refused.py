"""What hooks meet while a module runs: graphs, copies, threads, errors, Ctrl-C, each other."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import neuromorph
from neuromorph.errors import CalibrationError, TensorError, UnsupportedError, UsageError
from neuromorph.huggingface.connect import links
from neuromorph.translate import TranslateOptions

pytestmark = [pytest.mark.hf, pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning", "ignore::FutureWarning")]
torch = pytest.importorskip("torch", reason="torch is not installed")

import own_modules as own  # noqa: E402

SLOTS = TranslateOptions(slots=32)
X = own.tokens()
both_ways = pytest.mark.parametrize("kind", [own.Sdpa, own.Nano], ids=["fused", "written out"])


def attached(model: Any) -> neuromorph.Attachment:
    return neuromorph.attach(model, X, options=SLOTS)


def said(model: Any, x: Any = X) -> Any:
    with torch.no_grad():
        return model(x)


def modes() -> int:
    return len(torch.overrides._get_current_function_mode_stack())


# --- graphs


@both_ways
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_compiled_module_runs_the_same_spikes(kind: type[Any], backend: str) -> None:
    model = own.net(kind)
    with attached(model) as spiking:
        first, done = said(model), spiking.tally.queries
        assert torch.equal(said(torch.compile(model, backend=backend)), first)
        assert spiking.tally.queries == 2 * done
        model.layers[0].compile(backend=backend)
        assert torch.equal(said(model), first)
        assert spiking.tally.queries == 3 * done
    torch._dynamo.reset()


def in_vmap(model: Any) -> None:
    torch.func.vmap(lambda row: model(row[None]))(X)


def in_grad(model: Any) -> None:
    torch.func.grad(lambda x: model(x).sum())(X)


def on_meta(model: Any) -> None:
    model.to("meta")(X.to("meta"))


def exported(model: Any) -> None:
    torch.export.export(model, (X,), strict=False)


@both_ways
@pytest.mark.parametrize("call", [in_vmap, in_grad, on_meta, exported])
def test_tensors_without_numbers_are_refused(kind: type[Any], call: Callable[[Any], Any]) -> None:
    model, before = own.net(kind), modes()
    with attached(model), pytest.raises(UnsupportedError, match="without numbers"):
        call(model)
    assert modes() == before


@both_ways
def test_torchscript_is_refused(kind: type[Any]) -> None:
    model = own.net(kind)
    with attached(model):
        with pytest.raises(UnsupportedError, match=r"jit\.trace.*Detach"):
            torch.jit.trace(model, (X,))
        with pytest.raises(UnsupportedError, match=r"jit\.script.*[Dd]etach"):
            torch.jit.script(model)
    traced = torch.jit.trace(model, (X,)).eval()
    with pytest.raises(UnsupportedError, match=r"0: TorchScript.*Attach the module"):
        attached(torch.nn.Sequential(traced).eval())


# --- training


@both_ways
def test_training_is_refused(kind: type[Any]) -> None:
    model = own.net(kind)
    with pytest.raises(UsageError, match=r"training mode.*eval"):
        attached(model.train())
    with attached(model.eval()):
        model.train()
        with pytest.raises(UnsupportedError, match=r"training mode.*no gradient.*eval"):
            model(X)
        model.eval()
        with pytest.raises(UnsupportedError, match=r"layers\.1: a gradient was asked for"):
            model(X).sum().backward()
    assert modes() == 0


class Dropping(own.Own):
    def attend(self, q: Any, k: Any, v: Any) -> Any:
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, dropout_p=0.1)


def test_dropout_that_is_never_off_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"layers\.0: attention dropout is on"):
        attached(own.net(Dropping))


# --- copies


@pytest.mark.parametrize("copied", [copy.deepcopy, pickle.dumps], ids=["deepcopy", "pickle"])
def test_an_attached_module_is_not_copied(copied: Callable[[Any], Any]) -> None:
    model = own.net(own.Nano)
    with attached(model), pytest.raises(UsageError, match=r"copied or pickled.*[Dd]etach\(\)"):
        copied(model)
    copied(model)


def test_a_model_that_nobody_needs_goes_away() -> None:
    model = own.net(own.Nano)
    spiking = attached(model)
    said(model)
    gone = weakref.ref(model)
    del model, spiking
    gc.collect()
    assert gone() is None


# --- threads, errors, Ctrl-C


@both_ways
def test_threads_run_side_by_side(kind: type[Any]) -> None:
    model, answers = own.net(kind), []
    with attached(model) as spiking:
        first, done = said(model), spiking.tally.queries
        workers = [threading.Thread(target=lambda: answers.append(said(model))) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [torch.equal(answer, first) for answer in answers] == [True] * 3
        assert spiking.tally.queries == 4 * done


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("part", ["norm", "layers.0", "layers.1"])
def test_a_pass_that_ends_in_the_middle(error: type[BaseException], part: str) -> None:
    model = own.net(own.Sdpa)

    def fail(*_: Any) -> None:
        raise error

    with attached(model) as spiking:
        first, done = said(model), spiking.tally.queries
        handle = model.get_submodule(part).register_forward_hook(fail)
        with pytest.raises(error):
            said(model)
        handle.remove()
        done = spiking.tally.queries
        torch.nn.functional.scaled_dot_product_attention(X, X, X)  # not the model's
        assert spiking.tally.queries == done
        assert torch.equal(said(model), first)
        assert modes() == 0


# --- each other


def test_the_second_attachment_replaces_the_first() -> None:
    model = own.net(own.Nano)
    own_answer = said(model)
    first, second = attached(model), attached(model)
    assert (first.attached, second.attached) == (False, True)
    said(model)
    assert (first.tally.queries, second.tally.queries > 0) == (0, True)
    first.attach()
    assert (first.attached, second.attached) == (True, False)
    first.detach()
    assert torch.equal(said(model), own_answer)
    assert not links(model)


def test_a_part_and_then_the_whole() -> None:
    model = own.net(own.Nano)
    part = neuromorph.attach(model.layers[1], X, options=SLOTS)
    assert list(part.codes) == ["(model)"]
    before = said(model)
    whole = attached(model)
    assert (part.attached, whole.attached) == (False, True)
    said(model)
    assert [layer.tally.queries > 0 for layer in whole._layers.values()] == [True, True]
    assert part.tally.queries * 2 == whole.tally.queries
    whole.detach()
    part.attach()
    assert torch.equal(said(model), before)
    part.detach()


def test_two_models_at_the_same_time() -> None:
    one, other = own.net(own.Nano, 1), own.net(own.Sdpa, 2)
    first, second = attached(one), attached(other)
    both = said(one), said(other)
    first.detach()
    assert torch.equal(said(other), both[1])
    first.attach()
    assert torch.equal(said(one), both[0])
    second.detach()
    first.detach()


class Sized(own.Own):
    """Heads cut to a size, which may be 0."""

    def __init__(self, keys: int, values: int, *, fused: bool) -> None:
        super().__init__()
        self.keys, self.values, self.fused = keys, values, fused

    def attend(self, q: Any, k: Any, v: Any) -> Any:
        q, k, v = q[..., : self.keys], k[..., : self.keys], v[..., : self.values]
        context = (torch.nn.functional.scaled_dot_product_attention(q, k, v) if self.fused
                   else (q @ k.mT).softmax(-1) @ v)
        return torch.nn.functional.pad(context, (0, 8 - self.values))


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize(("keys", "values"), [(0, 8), (8, 0)])
def test_heads_without_numbers_are_refused(keys: int, values: int, fused: bool) -> None:
    model = own.sharpened(Sized(keys, values, fused=fused))
    with pytest.raises((CalibrationError, UnsupportedError), match=r"of 0|no numbers"):
        attached(model)


class Added(own.Own):
    """With a mask that is added to the scores."""

    def __init__(self, *, fused: bool) -> None:
        super().__init__()
        self.fused, self.mask = fused, torch.zeros(own.TOKENS, own.TOKENS)

    def attend(self, q: Any, k: Any, v: Any) -> Any:
        if self.fused:
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=self.mask)
        return (q @ k.mT / 3 + self.mask).softmax(-1) @ v


@pytest.mark.parametrize("fused", [True, False])
def test_a_mask_that_is_not_a_number_hides_nothing(fused: bool) -> None:
    model = own.sharpened(Added(fused=fused))
    spiking = attached(model)
    model.mask = model.mask.clone()
    model.mask[3, 2] = torch.nan
    with pytest.raises(TensorError, match="the bias holds NaN"):
        said(model)
    spiking.detach()
    with pytest.raises(CalibrationError, match="the bias holds NaN"):
        attached(model)


class Capped(own.Own):
    def attend(self, q: Any, k: Any, v: Any) -> Any:
        return ((q @ k.mT / 0.0).tanh() * 0.0).softmax(-1) @ v


def test_scores_over_zero_are_no_scores() -> None:
    with pytest.raises(CalibrationError, match="reached none of its attention"):
        attached(own.sharpened(Capped()))


@pytest.mark.parametrize("data", [{}, [()], [{}]])
def test_an_empty_batch_is_refused(data: Any) -> None:
    with pytest.raises(CalibrationError, match="a batch of calibration data is empty"):
        neuromorph.attach(own.net(own.Sdpa), data, options=SLOTS)
