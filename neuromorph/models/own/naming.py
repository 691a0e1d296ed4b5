"""A map of names: which tensor is which projection, and what no tensor says.

::

    q = "blocks.{layer}.attn.wq.weight"        # or qkv and fused_order, where one holds all three
    k = "blocks.{layer}.attn.wk.weight"
    v = "blocks.{layer}.attn.wv.weight"
    o = "blocks.{layer}.attn.wo.weight"        # not needed, but then known
    heads = 4
    causal = true
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from neuromorph.errors import (
    FileFormatError,
    ModelStructureError,
    UsageError,
    did_you_mean,
)
from neuromorph.files.strict_json import read_json
from neuromorph.files.strict_toml import read_toml
from neuromorph.models.config import Config
from neuromorph.models.own import parts
from neuromorph.models.own.templates import check_template
from neuromorph.shown import Shown

OWN = "own"
"""``model_type`` of a ``config.json`` that is a map."""

WEIGHTS = ("q", "k", "v", "qkv", "o")
BIASES = tuple(f"{role}_bias" for role in WEIGHTS)
ORDERS = ("blocks", "heads")
"""Of rows in a fused tensor: all queries, keys, values; or those of each key-value head."""

_SAID = ("heads", "kv_heads", "causal", "fused_order", "transposed", "rope_theta", "scale")
_MARKS = ("generator", "kind")
"""What a configuration that we wrote says of itself."""

FIELDS = (*WEIGHTS, *BIASES, "ignore", *_SAID, *parts.FIELDS)


@dataclass(frozen=True, repr=False)
class Naming(Shown):
    """Roles to names of tensors, and the numbers that belong to them; None is not said.

    Attributes
    ----------
    tensors : mapping of str to str
        Role (``q``, ``k``, ``v``, ``qkv``, ``o``, or one of them with ``_bias``) to the name of
        its tensor, with ``{layer}`` for the layer's number. Empty: PyTorch's documented
        ``in_proj_weight`` is looked for.
    heads, kv_heads : int, optional
        Query heads, and key-value heads: as many, if not said.
    causal : bool, optional
        Whether a token sees only itself and the tokens before it.
    fused_order : str, optional
        Order of a fused tensor's rows: ``blocks`` (queries, keys, values) or ``heads`` (for each
        key-value head its queries, its key, its value). Must be said of a ``qkv`` that is not
        torch's ``in_proj_weight``.
    transposed : bool, optional
        Whether weights are (in, out), as ``x @ W`` has them, and not torch's (out, in).
    rope_theta : float, optional
        Base of rotary positions, halves turned against each other; none if not said.
    scale : float, optional
        Factor of q · k; 1 / sqrt(head size) if not said.
    ignore : tuple of str
        Other tensors of the attention, which change neither logits nor values.
    whole : mapping
        Fields of a whole model, `neuromorph.models.own.parts`; the attention alone needs none.
    where : str
        For messages.
    """

    tensors: Mapping[str, str] = field(default_factory=dict)
    heads: int | None = None
    kv_heads: int | None = None
    causal: bool | None = None
    fused_order: str | None = None
    transposed: bool | None = None
    rope_theta: float | None = None
    scale: float | None = None
    ignore: tuple[str, ...] = ()
    whole: Mapping[str, object] = field(default_factory=dict)
    where: str = "the map of names"

    def __post_init__(self) -> None:
        _check_roles(self.tensors, self.where)
        _check_order(self.fused_order, self.tensors, self.where)
        for role, template in self.tensors.items():
            check_template(template, f"{self.where}: {role}")
        for template in self.ignore:
            check_template(template, f"{self.where}: ignore")
        parts.checked_fields(self.whole, self.where)

    def fields(self) -> dict[str, Any]:
        """As a map in a file has them; `naming_of` reads them."""
        said = {name: getattr(self, name) for name in _SAID} | {"ignore": list(self.ignore) or None}
        return {**self.tensors, **self.whole,
                **{name: value for name, value in said.items() if value is not None}}

    def joined(self, other: Naming) -> Naming:
        """What either says, where they do not contradict each other.

        Raises
        ------
        UsageError
            If both say the same thing differently.
        """
        said: dict[str, Any] = {}
        for name in (*_SAID, "tensors", "ignore", "whole"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine not in (None, {}, ()) and theirs not in (None, {}, (), mine):
                raise UsageError(f"{name} is said twice, and differently", where=other.where,
                                 found=f"{mine} and {theirs}", hint="say it once")
            said[name] = theirs if mine in (None, {}, ()) else mine
        return replace(self, where=self.where if self.tensors else other.where, **said)


def check_recorded(naming: Naming, recorded: Naming) -> None:
    """Refuse what a recording has found to be otherwise; names of tensors may be others.

    Raises
    ------
    UsageError
    """
    for name in _SAID:
        said, found = getattr(naming, name), getattr(recorded, name)
        if None not in (said, found) and said != found:
            raise UsageError(f"{name} is not as the recording beside the data has it",
                             where=recorded.where, found=said, expected=found,
                             hint="say it as there, leave it out and export the recording's "
                                  "folder, or record the model again")


def read_naming(path: Path) -> Naming:
    """A map in a ``.toml`` or ``.json`` file.

    Raises
    ------
    InputError
        If the file cannot be read, or holds a field that no map has.
    """
    if path.suffix.lower() == ".json":
        fields = read_json(path)
    elif path.suffix.lower() == ".toml":
        fields = read_toml(path)
    else:
        raise FileFormatError("a map of names is a TOML or JSON file", where=path,
                              expected="a name that ends in .toml or .json")
    if not isinstance(fields, dict):
        raise FileFormatError("the map is not a JSON object", where=path)
    return naming_of(fields, str(path))


def naming_of(fields: Mapping[str, object], where: str) -> Naming:
    """A map from its fields, each of which must be known.

    Raises
    ------
    FileFormatError, ModelStructureError
    """
    config = Config(fields, where)
    for name in fields:
        if name not in (*FIELDS, "model_type", *_MARKS):
            raise FileFormatError("a map of names has no such field", where=where,
                                  found=name[:80], hint=did_you_mean(name[:80], FIELDS))
        if not config.has(name):
            raise FileFormatError(f"{name} is null", where=where, hint="leave it out")
    if config.has("model_type") and config.text("model_type") != OWN:
        raise ModelStructureError("this is the configuration of a model, and no map of names",
                                  where=where, found=config.text("model_type")[:40])
    return Naming(
        {role: config.text(role) for role in (*WEIGHTS, *BIASES) if config.has(role)},
        heads=_count(config, "heads"), kv_heads=_count(config, "kv_heads"),
        causal=_flag(config, "causal"),
        fused_order=config.text("fused_order") if config.has("fused_order") else None,
        transposed=_flag(config, "transposed"),
        rope_theta=_number(config, "rope_theta", 1.0), scale=_number(config, "scale", 1e-9),
        ignore=config.texts("ignore") if config.has("ignore") else (),
        whole=parts.checked_fields(fields, where), where=where)


def _count(config: Config, name: str) -> int | None:
    return config.count(name) if config.has(name) else None


def _flag(config: Config, name: str) -> bool | None:
    return config.flag(name, default=False) if config.has(name) else None


def _number(config: Config, name: str, low: float) -> float | None:
    return config.number(name, low=low) if config.has(name) else None


def _check_roles(tensors: Mapping[str, str], where: str) -> None:
    for role in tensors:
        if role not in (*WEIGHTS, *BIASES):
            raise FileFormatError("there is no such role", where=where, found=role[:80],
                                  hint=did_you_mean(role[:80], (*WEIGHTS, *BIASES)))
    apart = [role for role in ("q", "k", "v", "q_bias", "k_bias", "v_bias") if role in tensors]
    if apart and ("qkv" in tensors or "qkv_bias" in tensors):
        raise ModelStructureError("the map has fused and separate query, key and value projections",
                                  where=where, found=", ".join(["qkv", *apart]),
                                  expected="one or the other")
    for role in BIASES:
        weight = role.removesuffix("_bias")
        if role in tensors and weight not in tensors:
            raise ModelStructureError("the map has a bias without its weight", where=where,
                                      found=role, expected=weight)


def _check_order(order: str | None, tensors: Mapping[str, str], where: str) -> None:
    if order is not None and order not in ORDERS:
        raise FileFormatError("fused_order is not usable", where=where, found=repr(order)[:80],
                              expected=" or ".join(ORDERS))
    if order is not None and tensors and "qkv" not in tensors:
        raise ModelStructureError("the map has an order of fused rows, and no fused tensor",
                                  where=where, found=f"fused_order {order}", expected="qkv")
