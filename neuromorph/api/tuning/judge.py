"""Who says what a model lost: itself, on text or images that nothing was calibrated on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.evaluate import figures_of
from neuromorph.api.evaluation.figures import Figures, Kind, Said, of_classes
from neuromorph.api.evaluation.models import Models
from neuromorph.api.evaluation.sides import FloatTorch, Side, Spiking
from neuromorph.api.evaluation.summary import summary
from neuromorph.api.evaluation.windows import Window
from neuromorph.bundle import Bundle
from neuromorph.circuits.transformer.numbers import Read
from neuromorph.memory import usable_memory
from neuromorph.models.digits import Attend, DigitsViT, Part, softmax_attention
from neuromorph.progress import Progress, silent
from neuromorph.runtime import SpikingLayer, Tally, total
from neuromorph.shown import Shown

KEPT_SHARE = 0.25
"""Of the memory there is, what the float model's answers may take; others are asked for again."""

LANGUAGE = ("kl", "perplexity_ratio", "top1", "hidden")
ENCODER = ("cosine", "hidden")


class Head(NamedTuple):
    """One head of one layer, as a bundle names it."""

    layer: str
    number: int


class Verdict(NamedTuple):
    """Figures of an evaluation, and what the spikes did."""

    found: dict[str, Any]
    tally: Tally


class Judge(Protocol):
    """A float model, and what it is asked about.

    ``metrics`` are the names of those that it knows.
    """

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of what it can say."""

    def verdict(self, bundle: Bundle, progress: Progress = silent) -> Verdict:
        """What is lost with all heads in spikes."""

    def alone(self, bundle: Bundle, head: Head) -> dict[str, Any]:
        """Figures with one head in spikes, and all others in float."""

    def described(self) -> Iterable[bytes | str]:
        """What it asks about: of other parts it is another judge."""


@dataclass(eq=False, repr=False)
class Remembered(Shown):
    """A side that is asked the same again and again, and remembers what fits in memory."""

    side: Side
    _room: float = field(init=False)
    _known: dict[bytes, Said] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._room = KEPT_SHARE * (usable_memory() or 0)

    def said(self, ids: NDArray[np.int64]) -> Said:
        """As the side says it."""
        key = ids.tobytes()
        if key in self._known:
            return self._known[key]
        said = self.side.said(ids)
        size = said.answer.nbytes + sum(states.nbytes for states in said.streams)
        if size <= self._room:
            self._room -= size
            self._known[key] = said
        return said


@dataclass(frozen=True, eq=False, repr=False)
class OfText(Shown):
    """A transformers model, asked about windows of a text.

    Attributes
    ----------
    model : transformers model
    windows : sequence of Window
    seed : int
        Of the intervals.
    """

    model: Any
    windows: Sequence[Window]
    seed: int = 0
    floats: Side = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "floats", Remembered(FloatTorch(self.model, self._read)))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Of a language model or an encoder."""
        return LANGUAGE if self._kind == "language" else ENCODER

    @property
    def _kind(self) -> Kind:
        return "encoder" if self.model.get_output_embeddings() is None else "language"

    @property
    def _read(self) -> Read:
        return "mean" if self._kind == "encoder" else "each"

    def verdict(self, bundle: Bundle, progress: Progress = silent) -> Verdict:
        """What is lost with all heads in spikes."""
        from neuromorph.huggingface.attachment import attach

        attachment = attach(self.model, bundle)
        attachment.detach()
        return Verdict(self._asked(attachment, progress), attachment.tally)

    def alone(self, bundle: Bundle, head: Head) -> dict[str, Any]:
        """Figures with one head in spikes, and all others in float."""
        from neuromorph.huggingface.alone import Alone

        return self._asked(Alone.of(self.model, bundle.codes, *head), silent)

    def described(self) -> Iterable[bytes | str]:
        """All tokens."""
        return [part for window in self.windows
                for part in (str(window.document), window.ids.tobytes())]

    def _asked(self, switch: Any, progress: Progress) -> dict[str, Any]:
        models = Models(Spiking(switch, self._read), self.floats, self._kind)
        figures = []
        for number, window in enumerate(self.windows):
            progress(f"window {number + 1} of {len(self.windows)}")
            figures.append(Figures(**figures_of(models, window)))
        found = summary(figures, [window.document for window in self.windows], self.seed)
        return {**found, "tokens": sum(len(window.ids) for window in self.windows)}


@dataclass(frozen=True, eq=False, repr=False)
class OfImages(Shown):
    """The digits model, asked about images that it was not trained on: those to choose by.

    Attributes
    ----------
    vit : DigitsViT
    part : Part
    seed : int
    metrics : tuple of str
    """

    vit: DigitsViT
    part: Part
    seed: int = 0
    metrics: tuple[str, ...] = ("kl", "perplexity_ratio", "top1", "score")

    def verdict(self, bundle: Bundle, progress: Progress = silent) -> Verdict:
        """What is lost with all heads in spikes."""
        progress(f"classifying {len(self.part)} images")
        layers = [SpikingLayer(code) for code in bundle.codes.values()]

        def attend(layer: int, q: Any, k: Any, v: Any) -> Any:
            return layers[layer](q / math.sqrt(q.shape[-1]), k, v, _all(q, k))

        found = self._compared(attend)
        return Verdict(found, total(layer.tally for layer in layers))

    def alone(self, bundle: Bundle, head: Head) -> dict[str, Any]:
        """Figures with one head in spikes, and all others in float."""
        names = list(bundle.codes)
        spiking = SpikingLayer(bundle.codes[head.layer])

        def attend(layer: int, q: Any, k: Any, v: Any) -> Any:
            context = softmax_attention(layer, q, k, v)
            if names[layer] == head.layer:
                spikes = spiking(q / math.sqrt(q.shape[-1]), k, v, _all(q, k))
                context[:, head.number] = spikes[:, head.number]
            return context

        return self._compared(attend)

    def described(self) -> Iterable[bytes | str]:
        """All images."""
        return [self.part.images.tobytes()]

    def _compared(self, attend: Attend) -> dict[str, Any]:
        ours, floats = (self.vit.logits(self.part.images, how)
                        for how in (attend, softmax_attention))
        figures = [of_classes(int(label), Said([], one[None]), Said([], other[None]))
                   for label, one, other in zip(self.part.labels, ours, floats, strict=True)]
        return summary(figures, range(len(figures)), self.seed)


def _all(queries: NDArray[Any], keys: NDArray[Any]) -> NDArray[np.bool_]:
    return np.ones((len(queries), queries.shape[2], keys.shape[2]), np.bool_)
