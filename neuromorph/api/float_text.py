"""The text of the float model that a bundle was made from, beside that of its integers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from neuromorph.api.generate import Generation
from neuromorph.api.original import load_original
from neuromorph.bundle.whole import WholeBundle
from neuromorph.files.opening import StrPath
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class FloatText(Shown):
    """What the float model made of the same prompt, and how fast.

    Attributes
    ----------
    made : Generation
    same : int
        Tokens before the first that differs.
    """

    made: Generation
    same: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        made = self.made
        return {"float_text": made.text, "float_tokens": len(made.tokens),
                "float_same_tokens": self.same,
                "float_tokens_per_second": made.tokens_per_second,
                "float_seconds": made.seconds, "float_prompt_seconds": made.prompt_seconds}


@dataclass(frozen=True, repr=False)
class Original(Shown):
    """A float model that generates.

    Attributes
    ----------
    model : transformers model
    """

    model: Any

    def continued(self, made: Generation) -> FloatText:
        """Its text of the same prompt, with the same choices."""
        from neuromorph.huggingface.speaking import FloatSession

        told = made.by(FloatSession(self.model).ready()).finish()
        pairs = zip(made.tokens, told.tokens, strict=False)
        return FloatText(told, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)))


def original_of(bundle: WholeBundle, model: StrPath | None = None) -> Original:
    """The model that a bundle was made from, ready to generate.

    Raises
    ------
    UsageError
        If it is not there, or is another one.
    MissingExtraError
        Without torch and transformers.
    """
    return Original(load_original(bundle, model)[0])
