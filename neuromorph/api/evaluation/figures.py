"""What one window says: losses, divergences and cosines of two models on the same tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from neuromorph.errors import UsageError

CHUNK = 64
"""Tokens whose logits are looked at at a time: a vocabulary is long."""

Floats = NDArray[np.float64]

Kind: TypeAlias = Literal["language", "encoder", "classes"]
"""What is compared: logits of each token, one vector, or logits of classes."""


class Said(NamedTuple):
    """What a model makes of some tokens.

    ``streams`` are hidden states in front of each block and behind the last, shape (tokens,
    width); none, where they are not known. ``answer`` has a row of logits a token, or one row.
    ``unit`` is what a step of the answer stands for.
    """

    streams: Sequence[NDArray[Any]]
    answer: NDArray[Any]
    unit: float = 1.0


class Figures(NamedTuple):
    """Of one window; ``tokens`` of it foretell ``tokens - 1``.

    ``loss`` and ``loss_float``, shape (tokens - 1,), are in nats; ``kl`` and ``top1``, shape
    (tokens,), of the whole distributions; ``cosine`` is one a layer, the mean over tokens;
    ``answer`` is the cosine of an encoder's answer, shape (1,); of classes, whether each model
    names the right one, shape (2,): then the others have one number; else shape (0,).
    """

    loss: Floats
    loss_float: Floats
    kl: Floats
    top1: Floats
    cosine: Floats
    answer: Floats


NONE = np.zeros(0)


def of_language(ids: NDArray[np.int64], found: Said, wanted: Said) -> Figures:
    """Figures of two language models.

    ::

        loss_t = -log p(token t + 1)        KL_t = sum_i q_i log(q_i / p_i),  q of the float model

    Raises
    ------
    UsageError
        If they do not say equally much.
    """
    if found.answer.shape != wanted.answer.shape or len(found.answer) != len(ids):
        raise UsageError("the models do not say the same number of logits",
                         found=found.answer.shape, expected=wanted.answer.shape)
    parts = [_of_chunk(ids, found, wanted, slice(start, start + CHUNK))
             for start in range(0, len(ids), CHUNK)]
    loss, loss_float, kl, top1 = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Figures(loss, loss_float, kl, top1, by_layer(found, wanted), NONE)


def of_encoder(found: Said, wanted: Said) -> Figures:
    """Figures of two encoders, each with one answer.

    Raises
    ------
    UsageError
        If their answers are not of one size.
    """
    if found.answer.shape != wanted.answer.shape:
        raise UsageError("the models do not answer with vectors of one size",
                         found=found.answer.shape, expected=wanted.answer.shape)
    return Figures(NONE, NONE, NONE, NONE, by_layer(found, wanted),
                   cosines(found.answer, wanted.answer).mean(keepdims=True))


def of_classes(label: int, found: Said, wanted: Said) -> Figures:
    """Figures of two classifiers, each with one row of logits.

    ::

        loss = -log p(label)

    Raises
    ------
    UsageError
        If they do not know the same number of classes.
    """
    if found.answer.shape != wanted.answer.shape or len(found.answer) != 1:
        raise UsageError("the models do not know the same number of classes",
                         found=found.answer.shape, expected=wanted.answer.shape)
    figures = _of_chunk(np.array([label, label]), found, wanted, slice(0, 1))
    right = [float(said.answer[0].argmax() == label) for said in (found, wanted)]
    return Figures(*figures, by_layer(found, wanted), np.array(right))


def by_layer(found: Said, wanted: Said) -> Floats:
    """Cosines of hidden states, the mean over tokens; none, if one model does not show them."""
    if not found.streams or not wanted.streams:
        return NONE
    return np.array([cosines(one, other).mean()
                     for one, other in zip(found.streams, wanted.streams, strict=True)])


def cosines(some: NDArray[Any], others: NDArray[Any]) -> Floats:
    """One a row."""
    one, other = some.astype(np.float64), others.astype(np.float64)
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    found: Floats = (one * other).sum(axis=-1) / np.maximum(lengths, np.finfo(np.float64).tiny)
    return found


def _of_chunk(
    ids: NDArray[np.int64], found: Said, wanted: Said, rows: slice
) -> tuple[Floats, Floats, Floats, Floats]:
    ours, floats = (log_softmax(said.answer[rows].astype(np.float64) * said.unit, axis=1)
                    for said in (found, wanted))
    following = ids[rows.start + 1 : rows.stop + 1]
    at = np.arange(len(following)), following
    kl = (np.exp(floats) * (floats - ours)).sum(axis=1)
    top1 = ours.argmax(axis=1) == floats.argmax(axis=1)
    return -ours[at], -floats[at], kl, top1.astype(np.float64)
