"""What a model is called with on sample data, from any of the ways to say it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from neuromorph.errors import CalibrationError, UsageError

LOGITS = "logits_to_keep"
"""What models that can leave logits out call how many tokens' they shall make."""


def batches_of(source: Any) -> list[Any]:
    """The batches of calibration data: each a tensor, a tuple of arguments, or a mapping.

    Raises
    ------
    UsageError
        If it is something else.
    CalibrationError
        If there are none.
    """
    texts = isinstance(source, tuple) and all(isinstance(part, str) for part in source)
    one = is_tensor(source) or isinstance(source, Mapping | str) or (
        isinstance(source, tuple) and not texts)
    if not one and not isinstance(source, Iterable):
        raise no_inputs(type(source).__name__)
    batches = [source] if one else list(source)
    if not batches:
        raise CalibrationError("there is no calibration data", hint="give at least one batch")
    return batches


def check_batch(batch: Any) -> None:
    """Refuse what no model is called with.

    Raises
    ------
    CalibrationError
        If there is nothing in it.
    UsageError
    """
    if isinstance(batch, list):
        raise UsageError("a batch of calibration data is a list", found=f"{len(batch)} entries",
                         expected="a tensor, a tuple of arguments, or a mapping of names to them",
                         hint="make it a tuple of what the model takes, without labels: "
                         "attach(model, [(x,) for x, y in loader])")
    if not is_tensor(batch) and not isinstance(batch, Mapping | tuple):
        raise no_inputs(type(batch).__name__)
    if not is_tensor(batch) and not len(batch):
        raise CalibrationError("a batch of calibration data is empty", found=type(batch).__name__,
                               expected="what the model is called with")
    named = batch.items() if isinstance(batch, Mapping) else enumerate(
        batch if isinstance(batch, tuple) else ())
    for name, value in named:
        if type(value).__module__ == "numpy" or (name == "input_ids" and isinstance(value, list)):
            raise no_inputs(f"{name} in a {type(value).__name__}")


def no_inputs(found: str) -> UsageError:
    """The error that says what calibration data may be."""
    return UsageError(
        "calibration inputs must be tensors, tuples of arguments, or mappings of tensors",
        found=found, hint="pass what the model is called with: a tensor (torch.from_numpy of an "
        "array), a tuple, what the tokenizer returns with return_tensors='pt', or several of "
        "these; or texts and tokenizer=")


def is_tensor(thing: Any) -> bool:
    """Whether this is a tensor of torch."""
    import torch

    return isinstance(thing, torch.Tensor)


def call_model(model: Any, batch: Any) -> Any:
    """The model on one batch, and of a language model no more logits than one token's.

    A mapping holds arguments by name; or it is the one argument, of a model that has no such names
    (sentence-transformers').
    """
    if isinstance(batch, tuple):
        return model(*batch)
    if not isinstance(batch, Mapping):
        return model(batch)
    if not _takes(model, batch):
        return model(dict(batch))
    return model(**_without_logits(model, batch))


def _takes(model: Any, names: Mapping[str, Any]) -> bool:
    """Whether the model can be called with these names and no other arguments."""
    signature = inspect.signature(model.forward)
    try:
        signature.bind(**names)
    except TypeError:
        places = [p for p in signature.parameters.values()
                  if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        # Where more than one argument is missing a mapping would not help: say it as Python does.
        return len([p for p in places if p.default is p.empty]) != 1 or bool(
            {p.name for p in places} & names.keys())
    return True


def _without_logits(model: Any, batch: Mapping[str, Any]) -> Mapping[str, Any]:
    """The batch, and a wish for one token's logits, if the model knows it and it was left open."""
    if "labels" in batch:  # a loss is over all tokens
        return batch
    known = LOGITS in inspect.signature(model.forward).parameters
    return {LOGITS: 1, **batch} if known else batch
