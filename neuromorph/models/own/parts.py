"""What a map says of a whole model beyond its attention: norms, MLPs, embedding, head.

::

    embedding = "emb.weight"                        head = "emb.weight"   (tied)
    positions = "pos.weight"                        final_norm = "norm.weight"
    attention_norm = "blocks.{layer}.ln1.weight"    mlp_norm = "blocks.{layer}.ln2.weight"
    gate = "blocks.{layer}.mlp.fc1.weight"          down = "blocks.{layer}.mlp.fc2.weight"
    norm = "layer"                                  activation = "gelu"
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from neuromorph.errors import FileFormatError, ModelStructureError
from neuromorph.models.config import Config
from neuromorph.models.own.templates import LAYER, check_template
from neuromorph.shown import Shown

OF_LAYERS = ("attention_norm", "mlp_norm", "gate", "up", "down")
OF_MODEL = ("embedding", "positions", "embedding_norm", "final_norm", "head")
_CHOICES = {"norm": ("layer", "rms"), "norms": ("before", "behind"),
            "read": ("each", "first", "mean")}
FIELDS = (*OF_LAYERS, *OF_MODEL, *_CHOICES, "activation", "epsilon", "context", "embedding_scale")


@dataclass(frozen=True, repr=False)
class Parts(Shown):
    """Roles of a whole model to names of tensors, and what no tensor says.

    Attributes
    ----------
    tensors : mapping of str to str
        ``gate`` is what the activation is of, ``up`` what it is multiplied by, if there is one.
        Biases are found where they are called as torch calls them.
    norm : str
        ``layer`` or ``rms``.
    norms : str
        ``before`` attention and MLP, or ``behind`` them.
    activation : str
    epsilon : float
    read : str
        Whose hidden states the head hears: of ``each`` token, the ``first``, or their ``mean``.
    context : int, optional
        Longest sequence, where no table of positions says it.
    embedding_scale : float
        What embedded tokens are multiplied by, before positions are added.
    """

    tensors: Mapping[str, str]
    norm: str
    norms: str
    activation: str
    epsilon: float
    read: str
    context: int | None
    embedding_scale: float


def checked_fields(fields: Mapping[str, object], where: str) -> dict[str, object]:
    """Those fields of a map that are of a whole model, each of a kind that can be.

    Raises
    ------
    FileFormatError, ModelStructureError
    """
    config = Config(fields, where)
    for role in (*OF_LAYERS, *OF_MODEL):
        if config.has(role):
            check_template(config.text(role), f"{where}: {role}")
            if (LAYER in config.text(role)) != (role in OF_LAYERS):
                raise ModelStructureError(
                    f"the name of {role} {'lacks' if role in OF_LAYERS else 'has'} {LAYER}",
                    where=where, found=config.text(role)[:80])
    for name, choices in _CHOICES.items():
        if config.has(name) and config.text(name) not in choices:
            raise FileFormatError(f"{name} is not usable", where=where,
                                  found=config.text(name)[:80], expected=", ".join(choices))
    for name in ("epsilon", "embedding_scale"):
        if config.has(name):
            config.number(name)
    if config.has("context"):
        config.count("context")
    if config.has("activation"):
        config.text("activation")
    return {name: fields[name] for name in FIELDS if config.has(name)}


def parts_of(fields: Mapping[str, object], causal: bool, where: str) -> Parts:
    """What is said of a whole model, when all is said that must be.

    Raises
    ------
    ModelStructureError
        Naming what is missing.
    """
    config = Config(fields, where)
    behind = config.text("norms", default="") == "behind"
    needed = {"embedding", "attention_norm", "mlp_norm", "gate", "down", "norm", "norms",
              "activation", "epsilon"}
    needed |= {"embedding_norm"} if behind else {"final_norm"}
    needed |= set() if config.has("positions") else {"context"}
    needed |= {"head"} if causal else {"read"}
    _check_missing([name for name in FIELDS if name in needed and not config.has(name)], where)
    if behind and config.has("final_norm"):
        raise ModelStructureError("a norm behind the last block's own has no circuit", where=where,
                                  found="final_norm", expected='none where norms = "behind"')
    return Parts(
        {role: config.text(role) for role in (*OF_LAYERS, *OF_MODEL) if config.has(role)},
        config.text("norm"), config.text("norms"), config.text("activation"),
        config.number("epsilon"), config.text("read", default="each"),
        config.count("context") if config.has("context") else None,
        config.number("embedding_scale", default=1.0))


def _check_missing(missing: Collection[str], where: str) -> None:
    if missing:
        raise ModelStructureError("the map does not say what a whole model needs", where=where,
                                  expected=", ".join(missing),
                                  hint="docs/models.md says what each is; without --whole the "
                                  "attention alone is exported")
