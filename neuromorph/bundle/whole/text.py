"""What a whole model needs to read and write text: data alone, nothing that would be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from neuromorph.bundle.manifest import Strict
from neuromorph.shown import Shown

LONGEST = 1 << 20
"""Characters of a template, and of a turn's frame."""

Frame = Annotated[str, Field(max_length=LONGEST)]


class Chat(Strict):
    """What a chat's first turn looks like: text before the prompt and after it.

    It was made of the template when the model was exported, so that no template is ever run
    when the bundle is used.
    """

    before: Frame
    after: Frame

    def framed(self, prompt: str) -> str:
        """The prompt as the model was taught to be asked."""
        return f"{self.before}{prompt}{self.after}"


@dataclass(frozen=True, repr=False)
class Text(Shown):
    """A tokenizer, and how text begins and ends.

    Attributes
    ----------
    tokenizer : bytes
        A ``tokenizer.json`` of Hugging Face's ``tokenizers``.
    stop : tuple of int
        Tokens that end a text.
    chat : Chat, optional
    template : str, optional
        The chat template that came with the model. It is kept for the reader, and never run.
    """

    tokenizer: bytes
    stop: tuple[int, ...] = ()
    chat: Chat | None = None
    template: str | None = None
