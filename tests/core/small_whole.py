"""Bundles of tiny whole models, with a tokenizer of bytes; and a plain session that runs them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.bundle.whole import Chat, Streams, Text, WholeBundle
from neuromorph.circuits.transformer.closed_form import run
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.tiny import tiny_transformer

STOP, BEGIN = 256, 257
"""Tokens beside the bytes."""

VOCABULARY = 258


def byte_letters() -> list[str]:
    """The character that stands for each byte in byte-level BPE, as GPT-2 has it."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in seen]
    letters = {byte: chr(byte) for byte in seen}
    return [(letters | {byte: chr(256 + n) for n, byte in enumerate(hidden)})[b]
            for b in range(256)]


def tokenizer_json() -> bytes:
    """A token a byte, and two that are no text."""
    special = [{"id": number, "content": content, "single_word": False, "lstrip": False,
                "rstrip": False, "normalized": False, "special": True}
               for number, content in ((STOP, "<|end|>"), (BEGIN, "<|begin|>"))]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
             "use_regex": True}
    vocabulary = {letter: byte for byte, letter in enumerate(byte_letters())}
    return json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": None, "pre_tokenizer": level, "post_processor": None, "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": vocabulary, "merges": []}}).encode()


def small_text(stop: tuple[int, ...] = (STOP,), *, chat: bool = True) -> Text:
    frame = Chat(before="<|begin|>user: ", after="\nmodel: ")
    return Text(tokenizer_json(), stop, frame if chat else None,
                "{{ messages }}" if chat else None)


def small_whole(
    seed: int = 0, *, stop: tuple[int, ...] = (STOP,), chat: bool = True, **changed: Any
) -> WholeBundle:
    """A bundle of a tiny language model."""
    model = tiny_transformer(seed, **{"vocabulary": VOCABULARY, "tokens": 64, "slots": 16,
                                      **changed})
    states, width = len(model.blocks) + 1, model.width
    streams = Streams(np.full((states, width), 2.0**-9), np.zeros((states, width)))
    return WholeBundle(model, "llama", small_text(stop, chat=chat), streams, {"slots": 16},
                       {"model": "tiny", "files": {}, "licence": "MIT"})


class PlainSession:
    """The closed form in NumPy, which reads everything again for each token."""

    def __init__(self, model: Transformer) -> None:
        self._model, self._told = model, list[int]()
        self.counts: dict[str, int] = {"spikes": 0, "cut.hidden": 1}

    def feed(self, inputs: NDArray[Any], *, every: bool = False) -> NDArray[np.int64]:
        before = len(self._told)
        self._told += [int(token) for token in inputs]
        self.counts["spikes"] += 100 * len(inputs)
        answer = run(self._model, np.array(self._told)).answer
        return answer[before:] if every else answer[-1]
