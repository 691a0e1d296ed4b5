"""Text to tokens and back, by the tokenizer of a bundle; nothing is downloaded, nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neuromorph.bundle.whole import Text, WholeBundle
from neuromorph.errors import BundleError, MissingExtraError, UsageError, brief

_HALF = "�"
"""What a decoder says of the first bytes of a character whose last have not come yet."""

_LONGEST_CHARACTER = 4
"""Tokens of a byte each: more of them in a row that are no text will never become any."""


class Tokens:
    """The tokenizer of a bundle.

    Parameters
    ----------
    text : Text

    Raises
    ------
    MissingExtraError
        Without the ``tokenizers`` package.
    BundleError
        If it cannot read the tokenizer.
    """

    def __init__(self, text: Text) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError("text needs the tokenizers package", found=str(error),
                                    hint="pip install 'neuromorph[hf]'") from error
        self.stop = frozenset(text.stop)
        self._chat = text.chat
        try:
            self._of: Any = Tokenizer.from_str(text.tokenizer.decode())
        except Exception as error:  # the package has one class for all that can be wrong
            raise BundleError("the tokenizer cannot be read", where="tokenizer.json",
                              found=brief(error), hint="export the model again, or update "
                              "tokenizers") from error
        self._of.no_truncation()
        self._of.no_padding()

    def encode(self, text: str, *, chat: bool = False) -> list[int]:
        """Numbers of the tokens of a text, with those that the model is used to around it.

        Parameters
        ----------
        text : str
        chat : bool
            Whether it is what a person says first in a chat.

        Raises
        ------
        UsageError
            If the model has no chat template.
        """
        if not chat:
            return list(self._of.encode(text).ids)
        if self._chat is None:
            raise UsageError("this model has no chat template", hint="leave --chat out (in Python "
                             "chat=True), or export a model that was taught to chat")
        return list(self._of.encode(self._chat.framed(text), add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some tokens, without those that are none."""
        return str(self._of.decode(list(ids), skip_special_tokens=True))


class Pieces:
    """Text of tokens that come one by one, in pieces that are text: no half of a character.

    Parameters
    ----------
    tokens : Tokens
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._ids: list[int] = []
        self._start = self._said = 0

    def add(self, token: int) -> str:
        """What can be said now that this token has come; often the empty text."""
        self._ids.append(token)
        whole = self._of(len(self._ids))
        waited = len(self._ids) - self._said
        if whole.endswith(_HALF) and waited < _LONGEST_CHARACTER:
            return ""
        piece = whole[len(self._of(self._said)) :]
        # Text may depend on the token before it, by its spaces; not on those before that.
        self._start, self._said = self._said, len(self._ids)
        return piece

    def rest(self) -> str:
        """What is left at the end: halves are said as the decoder has them."""
        piece = self._of(len(self._ids))[len(self._of(self._said)) :]
        self._start = self._said = len(self._ids)
        return piece

    def _of(self, end: int) -> str:
        return self._tokens.decode(self._ids[self._start : end])


def tokens_of(bundle: WholeBundle) -> Tokens:
    """The tokenizer of a bundle.

    Raises
    ------
    UsageError
        If it has none.
    """
    if bundle.text is None:
        raise UsageError("this model has no tokenizer, and takes no text", where=bundle.path,
                         found=f"family {bundle.family}")
    return Tokens(bundle.text)
