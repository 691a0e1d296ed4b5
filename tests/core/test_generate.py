"""A prompt in, text out: the same tokens whatever the pieces, and refusals that say why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_whole import STOP, PlainSession, small_text, small_whole

from neuromorph.api import generate as door
from neuromorph.api.choosing import Chooser
from neuromorph.api.generate import Generation, generate, steps_of
from neuromorph.api.tokens import Pieces, Tokens
from neuromorph.bundle.whole import Text, WholeBundle, save_whole
from neuromorph.circuits.transformer.closed_form import run
from neuromorph.errors import BundleError, UsageError

pytest.importorskip("tokenizers")


COMPILED = door.open_session


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "open_session", PlainSession)


@pytest.fixture(scope="module")
def bundle() -> WholeBundle:
    return small_whole(4, stop=())


class Told:
    """A session that says given tokens, whatever it is told."""

    def __init__(self, tokens: list[int]) -> None:
        self._left: Iterator[int] = iter(tokens)
        self.counts = {"spikes": 7, "spikes.key": 3, "cut.gate": 1}

    def feed(self, inputs: Any) -> Any:
        return np.eye(258, dtype=np.int64)[next(self._left)]


def told(monkeypatch: pytest.MonkeyPatch, tokens: list[int]) -> None:
    monkeypatch.setattr(door, "open_session", lambda _: Told(tokens))


def test_greedy_text_is_what_the_closed_form_says(bundle: WholeBundle) -> None:
    made = generate(bundle, "spikes", tokens=5)
    pieces = list(made)
    known = list(b"spikes")
    for _ in range(5):
        known.append(int(run(bundle.model, np.array(known)).answer[-1].argmax()))
    assert made.tokens == known[6:]
    assert "".join(pieces) == made.text == Tokens(bundle.text).decode(made.tokens)
    assert (made.ended, made.as_dict()["tokens"]) == ("tokens", 5)


def test_from_disk(bundle: WholeBundle, tmp_path: Path) -> None:
    path = save_whole(bundle, tmp_path / "b")
    assert generate(path, "x", tokens=4).finish().tokens == \
        generate(bundle, "x", tokens=4).finish().tokens


def test_a_stop_token_ends_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, [*b"ab", STOP, *b"cd"])
    made = generate(small_whole(), "x").finish()
    assert (made.text, made.ended, made.tokens) == ("ab", "stop", [*b"ab"])
    assert made.as_dict()["spikes"] == 7
    assert made.as_dict()["spikes_by_kind"] == {"key": 3}
    assert made.as_dict()["saturations"] == {"gate": 1}


def test_special_tokens_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, [*b"a", 257, *b"b"])
    assert generate(small_whole(), "<|begin|>", tokens=3).finish().text == "ab"


def test_half_a_character_waits_for_its_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "é€🦊"
    told(monkeypatch, list(said.encode()))
    assert list(generate(small_whole(), "x", tokens=9)) == ["é", "€", "🦊"]


def test_what_never_becomes_a_character_is_said_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, [ord("a"), *"🦊".encode()[:2]])
    assert list(generate(small_whole(), "x", tokens=3)) == ["a", "�"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_pieces_together_are_the_text(text: str) -> None:
    tokens = Tokens(small_text())
    pieces = Pieces(tokens)
    ids = tokens.encode(text)
    said = [pieces.add(token) for token in ids]
    assert "".join(said) + pieces.rest() == tokens.decode(ids)
    if "�" not in text:
        assert all("�" not in piece for piece in said)


def test_what_is_drawn_follows_the_seed(bundle: WholeBundle) -> None:
    def drawn(seed: int, **options: Any) -> list[int]:
        return generate(bundle, "x", tokens=8, temperature=2.0, seed=seed,
                        **options).finish().tokens

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert generate(bundle, "x", tokens=8, temperature=1e-320).finish().tokens == drawn(1, top_k=1)
    assert drawn(1, top_k=1) == generate(bundle, "x", tokens=8).finish().tokens


def test_only_the_likeliest_are_drawn() -> None:
    chooser, answer = Chooser(50.0, 2, 0), np.array([3, 9, 5, 9])
    assert {chooser.choose(answer) for _ in range(50)} == {1, 3}


def test_shares_are_those_of_the_logits() -> None:
    chooser, answer = Chooser(2.0, None, 3), np.array([0, 4 << 8])
    drawn = [chooser.choose(answer, 8) for _ in range(4000)]
    assert abs(np.mean(drawn) - 1 / (1 + np.exp(-2.0))) < 0.02


def test_a_long_text_says_what_it_forgets(bundle: WholeBundle) -> None:
    made = generate(bundle, "a" * 15, tokens=3).finish()
    assert "heads remember the last 16" in made.notes[0]
    assert generate(bundle, "a", tokens=3).finish().notes == ()


def test_positions_end_the_text(bundle: WholeBundle) -> None:
    made = generate(bundle, "a" * 63, tokens=9).finish()
    assert (made.ended, len(made.tokens)) == ("positions", 2)
    assert "64 positions" in made.notes[-1]


def test_a_chat_is_framed(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, [65])
    made = generate(small_whole(), "hi", tokens=1, chat=True)
    assert made.prompt.tolist() == [257, *b"user: hi\nmodel: "]


def test_steps_of_a_prompt_overlap_and_those_of_generated_tokens_do_not() -> None:
    model = small_whole().model
    period = max(block.period for block in model.blocks)
    latency = steps_of(model, 1, 1)
    assert latency > sum(block.timeline.end_at for block in model.blocks)
    assert steps_of(model, 10, 1) == latency + 9 * period
    assert steps_of(model, 10, 4) == 4 * latency + 9 * period


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no prompt": ({}, {"prompt": ""}, "no tokens"),
    "no text": ({}, {"prompt": "a\ud800b"}, "no text"),
    "bytes": ({}, {"prompt": b"x"}, "no text"),
    "no tokens": ({}, {"tokens": 0}, "at least 1"),
    "tokens": ({}, {"tokens": True}, "at least 1"),
    "temperature": ({}, {"temperature": -1.0}, "0 to 100"),
    "no temperature": ({}, {"temperature": float("nan")}, "0 to 100"),
    "top_k": ({}, {"top_k": 0, "temperature": 1.0}, "at least 1"),
    "greedy top_k": ({}, {"top_k": 3}, "Add a temperature"),
    "seed": ({}, {"seed": -1}, "seed"),
    "no chat": ({"chat": False}, {"chat": True}, "no chat template"),
    "long": ({}, {"prompt": "a" * 65}, "positions"),
    "encoder": ({"causal": False, "rotary": False}, {}, "does not say which token"),
    "few": ({"vocabulary": 65, "stop": ()}, {}, "does not know"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_generated_is_refused(name: str) -> None:
    kind, options, text = REFUSED[name]
    with pytest.raises(UsageError, match=text):
        generate(small_whole(**kind), **{"prompt": "x", **options})


def test_a_model_without_a_tokenizer_is_refused() -> None:
    bundle = small_whole()
    with pytest.raises(UsageError, match="no tokenizer"):
        generate(WholeBundle(bundle.model, "digits"), "x")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 9999, b'{"version": "9"}'])
def test_a_bad_tokenizer_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match="tokenizer"):
        Tokens(Text(content))


def test_a_generation_is_shown_shortly(bundle: WholeBundle) -> None:
    assert repr(generate(bundle, "x", tokens=1)).startswith("Generation(")
    assert isinstance(generate(bundle, "x", tokens=1), Generation)


@pytest.mark.slow
def test_compiled_code_says_the_same(
    bundle: WholeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading weights from a mapped file, beyond the slots."""
    wanted = generate(bundle, "spikes", tokens=20).finish()
    monkeypatch.setattr(door, "open_session", COMPILED)
    made = generate(save_whole(bundle, tmp_path / "b"), "spikes", tokens=20).finish()
    assert (made.tokens, made.text) == (wanted.tokens, wanted.text)
    assert made.as_dict()["spikes"] == sum(made.as_dict()["spikes_by_kind"].values()) > 0
