"""A float model that says what it makes of tokens: hidden states, and logits or an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import ModelStructureError

Passed = tuple[list[NDArray[np.float32]], NDArray[np.float32]]


def passed(model: Any, ids: NDArray[np.int64], pool: Callable[[Any], Any] | None = None) -> Passed:
    """Hidden states in front of each block and behind the last, and the answer.

    Parameters
    ----------
    model : transformers model
        In ``eval`` mode.
    ids : int array, shape (tokens,)
    pool : callable, optional
        What an encoder's answer is of its last hidden states, shape (tokens, width); without,
        the answer are logits.
    """
    import torch

    behind: list[Any] = []
    hook = blocks_of(model)[-1].register_forward_hook(
        lambda _module, _given, gave: behind.append(gave[0] if isinstance(gave, tuple) else gave))
    try:
        with torch.inference_mode():
            said = model(torch.from_numpy(np.asarray(ids, np.int64))[None],
                         output_hidden_states=True, return_dict=True)
    finally:
        hook.remove()
    # The last that transformers names has gone through the final norm; ours has not.
    states = [*said.hidden_states[:-1], behind[-1]]
    answer = said.logits[0] if pool is None else pool(said.last_hidden_state[0])
    return [_array(state).reshape(len(ids), -1) for state in states], _array(answer)


def blocks_of(model: Any) -> Any:
    """The list of a model's blocks.

    Raises
    ------
    ModelStructureError
        If there is not one list of as many as its configuration names.
    """
    import torch

    count = getattr(model.config, "num_hidden_layers", None)
    found = [module for module in model.modules()
             if isinstance(module, torch.nn.ModuleList) and len(module) == count]
    if not found:
        raise ModelStructureError("the model has no list of blocks", where=type(model).__name__,
                                  expected=f"{count} of them")
    return found[0]


def _array(tensor: Any) -> NDArray[np.float32]:
    found: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return found
