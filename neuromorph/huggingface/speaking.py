"""A float language model that is told tokens and says logits, with its cache, as a `Session` is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class FloatSession:
    """A causal model in float32, one sequence.

    Parameters
    ----------
    model : transformers model
        With a language-model head, in ``eval`` mode.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._past: Any = None

    def ready(self) -> FloatSession:
        """The session, when it has read a token and forgotten it: no text pays for what is once."""
        self.feed(np.zeros(1, np.int64))
        self._past = None
        return self

    def feed(self, inputs: NDArray[Any], *, every: bool = False) -> NDArray[np.float32]:
        """Logits of the last of some more tokens, shape (vocabulary,); or of each of them."""
        import torch

        told = torch.from_numpy(np.asarray(inputs, np.int64))[None]
        with torch.inference_mode():
            said = self._model(told, past_key_values=self._past, use_cache=True,
                               logits_to_keep=0 if every else 1)
        self._past = said.past_key_values
        found: NDArray[np.float32] = said.logits[0].float().numpy()
        return found if every else found[-1]
