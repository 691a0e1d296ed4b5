"""What a bundle keeps of a Hugging Face tokenizer: data alone, the same bytes for the same one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from neuromorph.bundle.whole import Chat, Text
from neuromorph.bundle.whole.text import LONGEST
from neuromorph.errors import NeuromorphError, UnsupportedError, brief
from neuromorph.translate import Caution

_MARK = "NEUROMORPHPROMPT"
"""Stands for the prompt while a template is run once; no space at its ends for it to take away."""


def text_of(tokenizer: Any, model: Any) -> tuple[Text, list[Caution]]:
    """The tokenizer of a model, its stop tokens, and the frame of a chat's first turn.

    The chat template is run here, once, in Jinja's sandbox, as transformers does it; a bundle's
    is never run. One that cannot be run, or does not show the prompt as it is, leaves the
    bundle without a chat, with a caution.

    Raises
    ------
    UnsupportedError
        If the tokenizer is written in Python alone.
    """
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise UnsupportedError("the tokenizer has no form that a bundle can keep",
                               where=type(tokenizer).__name__,
                               expected="one of the tokenizers package", hint="save the model "
                               "with a fast tokenizer")
    template = tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else None
    chat, cautions = None, []
    if template is not None:
        try:
            chat = _frame(template, tokenizer)
        except Exception as error:  # noqa: BLE001 - whatever a template raises
            found = error.what if isinstance(error, NeuromorphError) else brief(error)
            cautions.append(Caution(
                "no-chat", "chat template", f"the chat template cannot be used ({found}): the "
                "bundle has no chat. Frame prompts yourself, as the model's card says"))
    kept = template if template is not None and len(template) <= LONGEST else None
    return Text(_plain(fast), _stops(tokenizer, model), chat, kept), cautions


def _plain(fast: Any) -> bytes:
    """Without what the last call left in it: how it cuts and fills."""
    copy = type(fast).from_str(fast.to_str())
    copy.no_truncation()
    copy.no_padding()
    return str(copy.to_str()).encode()


def _stops(tokenizer: Any, model: Any) -> tuple[int, ...]:
    """Of the tokenizer, the configuration, and how text is generated."""
    said = (getattr(tokenizer, "eos_token_id", None),
            getattr(getattr(model, "config", None), "eos_token_id", None),
            getattr(getattr(model, "generation_config", None), "eos_token_id", None))
    found = {number for one in said for number in _numbers(one)}
    return tuple(sorted(found))


def _numbers(said: Any) -> Iterable[int]:
    several = said if isinstance(said, list | tuple) else [said]
    return [number for number in several if isinstance(number, int) and number >= 0]


def _frame(template: str, tokenizer: Any) -> Chat:
    """What stands before and after a prompt that a person says first."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(said: str) -> None:
        raise ValueError(said)

    world = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                          extensions=["jinja2.ext.loopcontrols"])
    shown = world.from_string(template).render(
        messages=[{"role": "user", "content": _MARK}], add_generation_prompt=True,
        raise_exception=refuse, **tokenizer.special_tokens_map)
    before, mark, after = shown.partition(_MARK)
    if not mark or _MARK in after:
        raise ValueError("it does not show the prompt once")
    return Chat(before=before, after=after)
