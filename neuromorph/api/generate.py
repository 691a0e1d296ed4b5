"""Generate: a prompt in, text out, of nothing but integers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.choosing import Chooser
from neuromorph.api.tokens import Pieces, Tokens, tokens_of
from neuromorph.bundle.whole import WholeBundle, load_whole
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.timeline import course_of
from neuromorph.errors import UsageError
from neuromorph.files.opening import StrPath
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown

TOKENS = 64
"""That are generated if nobody says how many."""


class Speaking(Protocol):
    """What reads tokens, and says what it makes of the last: the closed form, or floats."""

    def feed(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Logits, or integers of the head, of the last of some more tokens."""


def generate(
    bundle: WholeBundle | StrPath, prompt: str, *, tokens: int = TOKENS, temperature: float = 0.0,
    top_k: int | None = None, seed: int = 0, chat: bool = False, progress: Progress = silent,
) -> Generation:
    """Continue a text, token by token.

    Parameters
    ----------
    bundle : WholeBundle or path
        A causal model with a tokenizer.
    prompt : str
    tokens : int
        Most tokens to generate, at least 1.
    temperature : float
        0 takes the likeliest token each time; above, tokens are drawn.
    top_k : int, optional
        Of the likeliest so many alone.
    seed : int
        Of what is drawn.
    chat : bool
        Whether the prompt is what a person says first in a chat.
    progress : callable, optional

    Returns
    -------
    Generation
        An iterator over pieces of text, which has all figures when it has ended.

    Raises
    ------
    UsageError
        If the model is no causal one, or has no tokenizer or chat template; if the prompt holds
        no tokens, or more than the model has positions; or for an option out of its range.
    MissingExtraError
        Without the ``tokenizers`` package.
    """
    loaded = bundle if isinstance(bundle, WholeBundle) else load_whole(bundle)
    check_speaks(loaded)
    spoken = tokens_of(loaded)
    asked = asked_of(loaded, spoken, prompt, chat=chat)
    if isinstance(tokens, bool) or not isinstance(tokens, Integral) or tokens < 1:
        raise UsageError("the number of tokens must be a whole number of at least 1",
                         found=repr(tokens))
    chooser = Chooser(temperature, top_k, seed)
    progress("getting ready; the first time some code is compiled")
    return Generation(open_session(loaded.model), loaded.model, spoken, asked, int(tokens),
                      chooser, loaded.model.head.places)


def open_session(model: Transformer) -> Any:
    """The compiled closed form, which remembers what it was told.

    It has read a token and forgotten it: what is compiled or fetched once counts for no text.
    """
    from neuromorph.backends.fast.transformer import Session

    session = Session(model)
    session.feed(np.zeros(1, np.int64))
    session.reset()
    return session


def check_speaks(bundle: WholeBundle) -> None:
    """Refuse a model that does not say what comes next.

    Raises
    ------
    UsageError
    """
    head = bundle.model.head
    if not bundle.model.causal or head.read != "each" or head.dense is None:
        raise UsageError("this model does not say which token comes next", where=bundle.path,
                         found=f"family {bundle.family}", expected="a causal language model",
                         hint="neuromorph evaluate runs models of other kinds")


def asked_of(
    bundle: WholeBundle, tokens: Tokens, prompt: str, *, chat: bool = False
) -> NDArray[np.int64]:
    """The numbers of a prompt's tokens, which the model knows and has positions for.

    Raises
    ------
    UsageError
    """
    if not isinstance(prompt, str) or any("\ud800" <= one <= "\udfff" for one in prompt):
        raise UsageError("the prompt is no text", found=repr(prompt)[:80], expected="UTF-8")
    asked = np.array(tokens.encode(prompt, chat=chat), np.int64)
    if not len(asked):
        raise UsageError("the prompt holds no tokens", found=repr(prompt),
                         hint="give it at least a word")
    known, most = len(bundle.model.embedding.weights), bundle.model.positions
    if asked.max() >= known:
        raise UsageError("the tokenizer gives tokens that the model does not know",
                         where=bundle.path, found=f"token {asked.max()}",
                         expected=f"below {known}", hint="it belongs to another model")
    if most is not None and len(asked) > most:
        raise UsageError("the prompt is longer than the model's positions",
                         found=f"{len(asked)} tokens", expected=f"at most {most}")
    return asked


class Generation(Shown):
    """Text that is generated while one iterates: ``for piece in generation``.

    Attributes
    ----------
    prompt : int array
        Numbers of its tokens.
    tokens : list of int
        Generated so far, without one that ends the text.
    text : str
        The pieces so far, together.
    ended : str or None
        ``stop`` at a token that ends a text, ``tokens`` when there are as many as were asked
        for, ``positions`` when the model has no more; None before the end.
    seconds, prompt_seconds : float
        That the tokens after the first took; and those of the prompt, with the first.
    """

    def __init__(
        self, session: Speaking, model: Transformer, spoken: Tokens, prompt: NDArray[np.int64],
        most: int, chooser: Chooser, places: int = 0,
    ) -> None:
        self.prompt, self.tokens, self.text = prompt, list[int](), ""
        self.ended: str | None = None
        self.seconds = self.prompt_seconds = 0.0
        self._session, self._model, self._spoken = session, model, spoken
        self._most, self._chooser, self._places = most, chooser, places
        self._pieces = self._spoken_pieces()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        piece = next(self._pieces)
        self.text += piece
        return piece

    def finish(self) -> Generation:
        """Generate what is left, and return this."""
        for _ in self:
            pass
        return self

    @property
    def tokens_per_second(self) -> float | None:
        """Of the tokens after the first; None for a text of fewer than two."""
        made = len(self.tokens) - (self.ended != "stop")
        return made / self.seconds if made > 0 and self.seconds > 0 else None

    def by(self, session: Speaking) -> Generation:
        """The same prompt and choices by another model of the same tokenizer, in floats."""
        return Generation(session, self._model, self._spoken, self.prompt, self._most,
                          self._chooser.again())

    @property
    def steps(self) -> int:
        """Steps of the clocked network for the same text; see `steps_of`."""
        return steps_of(self._model, len(self.prompt), self.said)

    @property
    def said(self) -> int:
        """Tokens that the model has said, with one that ends the text."""
        return len(self.tokens) + (self.ended == "stop")

    @property
    def notes(self) -> tuple[str, ...]:
        """Worth knowing."""
        found = []
        length, slots = len(self.prompt) + len(self.tokens), self._model.slots
        if length > slots:
            found.append(f"the text has {length} tokens, and heads remember the last {slots}: "
                         "what came before is forgotten")
        if self.ended == "positions":
            found.append(f"the model has {self._model.positions} positions, and no more: "
                         "the text ends here")
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        counts: dict[str, int] = getattr(self._session, "counts", {})
        return {
            "text": self.text, "tokens": len(self.tokens), "prompt_tokens": len(self.prompt),
            "ended": self.ended, "tokens_per_second": self.tokens_per_second,
            "seconds": self.seconds, "prompt_seconds": self.prompt_seconds,
            "float_tokens_per_second": None, "steps": self.steps,
            "spikes": counts.get("spikes"), "spikes_by_kind": _of(counts, "spikes."),
            "saturations": _of(counts, "cut."),
            "temperature": self._chooser.temperature, "top_k": self._chooser.top_k}

    def _spoken_pieces(self) -> Iterator[str]:
        pieces = Pieces(self._spoken)
        for token in self._generated():
            piece = pieces.add(token)
            if piece:
                yield piece
        piece = pieces.rest()
        if piece:
            yield piece

    def _generated(self) -> Iterator[int]:
        told = self.prompt
        while self.ended is None:
            began = time.perf_counter()
            token = self._chooser.choose(self._session.feed(told), self._places)
            spent = time.perf_counter() - began
            if told is self.prompt:
                self.prompt_seconds = spent
            else:
                self.seconds += spent
            if token in self._spoken.stop:
                self.ended = "stop"
                return
            self.tokens.append(token)
            self.ended = self._end()
            yield token
            told = np.array([token], np.int64)

    def _end(self) -> str | None:
        if len(self.tokens) >= self._most:
            return "tokens"
        most = self._model.positions
        full = most is not None and len(self.prompt) + len(self.tokens) > most
        return "positions" if full else None


def _of(counts: Mapping[str, int], kind: str) -> dict[str, int]:
    """Those whose names begin so."""
    return {name.removeprefix(kind): count for name, count in counts.items()
            if name.startswith(kind)}


def steps_of(model: Transformer, prompt: int, generated: int) -> int:
    """Steps that the clocked network takes to read a prompt and to generate tokens.

    ::

        steps = (prompt - 1) period + generated latency

    Tokens of a prompt follow each other by a period; each that is generated must have come out of
    the last block, after ``latency`` steps, before the next one is sent.

    Parameters
    ----------
    model : Transformer
    prompt, generated : int
        Tokens.
    """
    course = course_of(model)
    return (prompt - 1) * course.period + generated * course.said
