"""Models that say logits by chance, and evaluations of them."""

from __future__ import annotations

import numpy as np

from neuromorph.api.evaluate import Task
from neuromorph.api.evaluation.figures import Said
from neuromorph.api.evaluation.models import Models
from neuromorph.api.evaluation.windows import Window

WORDS = 11


class Side:
    """Logits by chance, the same for the same tokens; or an answer."""

    def __init__(self, seed: int, *, language: bool = True, noise: float = 0.0,
                 fails_at: int | None = None) -> None:
        self.seed, self.language, self.noise = seed, language, noise
        self.fails_at, self.asked = fails_at, 0

    def said(self, ids: np.ndarray) -> Said:
        if self.asked == self.fails_at:
            raise KeyboardInterrupt
        self.asked += 1
        rng = np.random.default_rng((7, *ids.tolist()))
        answer = rng.normal(0, 3, (len(ids) if self.language else 1, WORDS))
        streams = [rng.normal(0, 1, (len(ids), 5)) for _ in range(3)]
        own = np.random.default_rng((self.seed, *ids.tolist()))
        return Said([one + self.noise * own.normal(0, 1, one.shape) for one in streams],
                    np.rint((answer + self.noise * own.normal(0, 1, answer.shape)) * 2**12),
                    2.0**-12)


def windows(count: int = 6, length: int = 9, per_document: int = 2) -> list[Window]:
    rng = np.random.default_rng(count)
    return [Window(n // per_document, rng.integers(0, WORDS, length - n % 3))
            for n in range(count)]


def task(count: int = 6, *, language: bool = True, noise: float = 0.3,
         fails_at: int | None = None) -> Task:
    models = Models(Side(1, language=language, noise=noise, fails_at=fails_at),
                    Side(2, language=language), "language" if language else "encoder")
    return Task(models, windows(count), known_by={"what": "a small one"})
