"""Who sees what is worked out once a mask, and again when the mask has changed."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from typing import Any

import pytest

import neuromorph
from neuromorph.backends import Sight
from neuromorph.errors import UnsupportedError
from neuromorph.huggingface import hook, masks
from neuromorph.huggingface.hook import Call
from neuromorph.huggingface.masks import Sights, boolean_mask

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from hf_models import FAMILIES, SLOTS, TOKENS, run, text  # noqa: E402


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every mask that became a boolean one."""
    masks: list[Any] = []

    def keep(mask: Any, *args: Any, **more: Any) -> Any:
        masks.append(mask)
        return boolean_mask(mask, *args, **more)

    monkeypatch.setattr(hook, "boolean_mask", keep)
    return masks


def call(given: Any, *, batch: int = 2, queries: int = 3, keys: int = 5, causal: bool = False,
         heads: int = 4, layer: str = "a layer") -> Call:
    """A layer's call with a mask."""
    stored = torch.zeros(batch, 2, keys, 8)
    return Call(layer, torch.zeros(batch, heads, queries, 8), stored, stored, given, causal, 1.0)


def mask_of(seed: int = 0, keys: int = 5, batch: int = 2) -> Any:
    return torch.rand(batch, 1, 3, keys, generator=torch.Generator().manual_seed(seed)) > 0.5


def is_right(sight: Sight, call: Call) -> bool:
    """All that follows from a mask follows from this call's."""
    fresh = Sight(boolean_mask(call.given, call.queries, call.keys, causal=call.causal,
                               where="test").numpy())
    return bool((sight.mask == fresh.mask).all() and (sight.spans == fresh.spans).all()
                and sight.between.shape == fresh.between.shape
                and (sight.between == fresh.between).all())


# --- once


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("given", [True, False], ids=["a mask", "no mask"])
def test_the_next_layer_is_given_what_the_last_one_was(
    worked_out: list[Any], given: bool, causal: bool
) -> None:
    sights, mask = Sights(), mask_of() if given else None
    first = sights.of(call(mask, causal=causal))
    again = [sights.of(call(mask, causal=causal, layer="another", heads=2)) for _ in range(3)]
    assert all(one is first for one in again)
    assert len(worked_out) == 1
    assert is_right(first, call(mask, causal=causal))


@pytest.mark.parametrize(("name", "times"), [("bert", 1), ("llama", 1), ("qwen2", 2)])
def test_a_model_works_its_masks_out_once(
    worked_out: list[Any], name: str, times: int
) -> None:
    """Each layer of Qwen 2 here has another mask than the one before."""
    model = FAMILIES[name].build()
    with neuromorph.attach(model, text(), options=SLOTS):
        for padded in ("left", "right"):
            worked_out.clear()
            run(model, text(padded))
            assert len(worked_out) == times


def test_what_is_remembered_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One forward pass after the other, with other paddings, remembering or not."""
    model = FAMILIES["llama"].build()
    with neuromorph.attach(model, text(), options=SLOTS):
        passes = [text(padded) for padded in ("left", "right", "no", "right", "left")]
        kept = [run(model, inputs)["last_hidden_state"] for inputs in passes]
        monkeypatch.setattr(masks, "_same", lambda *_: False)
        fresh = [run(model, inputs)["last_hidden_state"] for inputs in passes]
    assert all(torch.equal(one, other) for one, other in zip(kept, fresh, strict=True))
    assert not torch.equal(kept[0], kept[1])


# --- again


def test_a_mask_that_was_changed_in_place_is_noticed(worked_out: list[Any]) -> None:
    sights, mask = Sights(), mask_of()
    before = sights.of(call(mask)).spans.copy()
    mask.logical_not_()
    after = sights.of(call(mask))
    assert len(worked_out) == 2
    assert (after.spans != before).any()
    assert is_right(after, call(mask))
    mask[0, 0, 1, 2] ^= True  # and through a view
    assert is_right(sights.of(call(mask)), call(mask))
    mask[:, :, 0].fill_(False)
    assert is_right(sights.of(call(mask)), call(mask))


def test_an_additive_mask_that_was_changed_in_place_is_noticed() -> None:
    sights, mask = Sights(), torch.zeros(2, 1, 3, 5)
    assert sights.of(call(mask)).mask.all()
    mask[1, :, 1] = -torch.inf
    assert is_right(sights.of(call(mask)), call(mask))
    mask[1, :, 1] = torch.nan
    with pytest.raises(UnsupportedError, match="adds to the logits"):
        sights.of(call(mask))
    mask[1, :, 1] = 0
    assert sights.of(call(mask)).mask.all()


def test_another_mask_of_the_same_shape_is_another() -> None:
    sights = Sights()
    for seed in (0, 1, 0):
        one = call(mask_of(seed))
        assert is_right(sights.of(one), one)


def test_a_mask_in_the_place_of_one_that_is_gone_is_another() -> None:
    """Python gives new objects the addresses of old ones."""
    sights = Sights()
    for seed in range(30):
        mask = mask_of(seed)
        one = call(mask)
        assert is_right(sights.of(one), one)
        del one, mask


def test_a_mask_that_is_gone_is_not_kept() -> None:
    sights, mask = Sights(), torch.zeros(2, 1, 3, 5)
    sights.of(call(mask))
    kept = weakref.ref(mask)
    del mask
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("given", [True, False], ids=["a mask", "no mask"])
@pytest.mark.parametrize("other", [{"queries": 1}, {"keys": 4}, {"batch": 1}, {"causal": True}],
                         ids=str)
def test_the_same_mask_for_other_queries_or_keys_is_worked_out_again(
    other: dict[str, Any], given: bool
) -> None:
    """A static mask is longer than what is there; a mask of one row serves any number."""
    sights = Sights()
    mask = torch.tensor([True, False, True, True, False])[None, None, None] if given else None
    for one in (call(mask), call(mask, **other), call(mask)):
        assert is_right(sights.of(one), one)


def test_a_mask_after_none_and_none_after_a_mask() -> None:
    sights, mask = Sights(), mask_of()
    for given in (None, mask, None, None, mask):
        one = call(given, causal=True)
        assert is_right(sights.of(one), one)


def test_inference_tensors_are_never_remembered(worked_out: list[Any]) -> None:
    """torch does not count what is written to them."""
    sights = Sights()
    with torch.inference_mode():
        mask = torch.zeros(2, 1, 3, 5)
        assert sights.of(call(mask)).mask.all()
        mask[0, 0, 1] = -torch.inf
        assert is_right(sights.of(call(mask)), call(mask))
        assert len(worked_out) == 2
        sights.of(call(mask))
    assert len(worked_out) == 3


def test_an_inference_tensor_after_a_counted_one_and_before(worked_out: list[Any]) -> None:
    sights, mask = Sights(), mask_of()
    with torch.inference_mode():
        uncounted = mask.clone()
    for given in (mask, uncounted, mask, uncounted):
        sights.of(call(given))
    assert len(worked_out) == 4


def test_a_mask_that_is_refused_leaves_nothing_behind() -> None:
    sights, good = Sights(), mask_of()
    wrong = torch.full((2, 1, 3, 5), torch.nan)
    for _ in range(2):
        with pytest.raises(UnsupportedError, match="adds to the logits"):
            sights.of(call(wrong))
        assert is_right(sights.of(call(good)), call(good))


def test_a_generated_text_is_the_same_token_by_token() -> None:
    """Each new token sees one key more; the cache's masks come one after the other."""
    model, inputs = FAMILIES["llama"].build(), text("no", batch=1)
    with neuromorph.attach(model, inputs, options=SLOTS), torch.no_grad():
        whole = model(**inputs)["last_hidden_state"]
        half = TOKENS // 2
        cache, rows = None, []
        for piece in (inputs["input_ids"][:, :half],
                      *inputs["input_ids"][:, half:].split(1, dim=1)):
            answer = model(input_ids=piece, past_key_values=cache, use_cache=True)
            cache = answer["past_key_values"]
            rows.append(answer["last_hidden_state"])
    assert torch.allclose(torch.cat(rows, dim=1), whole, atol=1e-4)


def test_two_threads_do_not_get_each_others_mask() -> None:
    """Masks of one shape from two Python threads, which change places all the time."""
    sights = Sights()
    wrong: list[int] = []

    def look(seed: int) -> None:
        given = mask_of(seed)
        mine = call(given)
        wrong.extend(seed for _ in range(400) if not is_right(sights.of(mine), mine))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        readers = [threading.Thread(target=look, args=(seed,)) for seed in (1, 2)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong
