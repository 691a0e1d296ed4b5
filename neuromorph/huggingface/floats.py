"""What mixes tokens in a model and does not run in spikes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection
from typing import Any

from neuromorph.errors import printable
from neuromorph.huggingface.names import module_of
from neuromorph.translate import Caution

FLOAT = "float-attention"
"""The kind of remark."""

ATTENTION, OTHERWISE = "attention", "linear or recurrent"

_ATTENDS = re.compile(r"Attention|Attn|MHA|MultiHead", re.IGNORECASE)
_MIXES = re.compile(r"Linear\w*Attention|DeltaAttention|LightningAttention|DeltaNet|ShortConv$|"
                    r"RecurrentBlock|Retention$|^Rwkv\w*Attention|TimeMix")
_STATE = "A_log"
"""Decay of a state-space layer: Mamba's name for it, which all that came after it took over."""
_PAIRS = (("q_proj", "k_proj"), ("query", "key"), ("q", "k"), ("wq", "wk"), ("to_q", "to_k"),
          ("q_lin", "k_lin"))
"""Names of what makes queries and keys."""


def float_modules(model: Any, layers: Collection[str]) -> list[dict[str, str]]:
    """Modules that let tokens look at each other and are none of the ``layers`` in spikes.

    Of modules inside each other the innermost counts. Attention that goes through transformers'
    interface is left out: nobody has calibrated it, and it refuses to run.

    Parameters
    ----------
    model : torch.nn.Module
    layers : collection of str
        Names of the modules that attend in spikes.

    Returns
    -------
    list of dict
        ``module``, ``class``, and ``kind``, which is ``attention`` or ``linear or recurrent``.
    """
    modules = dict(model.named_modules())
    layers = [module_of(layer) for layer in layers]
    spiking = {type(modules[name]) for name in layers if name in modules}
    kinds = {name: kind for name, module in modules.items() if (kind := _kind(module))}
    return [{"module": name, "class": type(modules[name]).__name__, "kind": kind}
            for name, kind in kinds.items()
            if not _holds_any(name, kinds) and not _touches(name, layers)
            and type(modules[name]) not in spiking and not _asks_interface(modules[name])]


def float_cautions(model: Any, layers: Collection[str]) -> list[Caution]:
    """One remark if softmax attention goes on in float, which few expect."""
    found = [e for e in float_modules(model, layers) if e["kind"] == ATTENTION]
    if not found:
        return []
    first = f"{printable(found[0]['module'])} ({printable(found[0]['class'])})"
    which = f"{first} does" if len(found) == 1 else \
        f"{first} and {len(found) - 1} modules more do"
    return [stays(found[0]["module"],
                  f"{which} not use transformers' attention interface, where it could be "
                  "replaced. report()['float_modules'] of an attachment names all of it")]


def stays(module: str, why: str) -> Caution:
    """The remark that some attention stays in float, first in a module."""
    return Caution(FLOAT, module, f"some attention stays in float: {why}")


def _kind(module: Any) -> str | None:
    name = type(module).__name__
    if _MIXES.search(name) or hasattr(module, _STATE):
        return OTHERWISE
    children = {child for child, _ in module.named_children()}
    if _ATTENDS.search(name) or any(children.issuperset(pair) for pair in _PAIRS):
        return ATTENTION
    return None


def _holds_any(name: str, names: Collection[str]) -> bool:
    return any(other.startswith(f"{name}.") or not name for other in names if other != name)


def _touches(name: str, layers: Collection[str]) -> bool:
    """Whether a module holds a layer in spikes, is one, or is part of one."""
    return any(f"{layer}.".startswith(f"{name}.") or name.startswith(f"{layer}.")
               for layer in layers)


def _asks_interface(module: Any) -> bool:
    code = getattr(inspect.unwrap(type(module).forward), "__code__", None)
    return code is not None and "ALL_ATTENTION_FUNCTIONS" in code.co_names
