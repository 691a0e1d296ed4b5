"""Which family a model belongs to: the configuration says, the tensor names confirm."""

from __future__ import annotations

import difflib
import re

from neuromorph.errors import ModelStructureError
from neuromorph.models.config import Config
from neuromorph.models.families.base import Family
from neuromorph.models.families.bert import BERT
from neuromorph.models.families.digits import DIGITS
from neuromorph.models.families.gpt2 import GPT2
from neuromorph.models.families.llama import LLAMA
from neuromorph.models.families.locate import has_attention
from neuromorph.models.families.vit import VIT

FAMILIES: tuple[Family, ...] = (BERT, LLAMA, VIT, GPT2, DIGITS)
"""Every family that can be read, in the order of messages."""

_NEAREST_AMONG = 2000


def find_family(names: tuple[str, ...], config: Config, where: object) -> Family:
    """The family of a model.

    Raises
    ------
    ModelStructureError
        When the configuration names no family that we know, or the tensors do not fit it;
        the text lists what was looked for and the nearest names there are.
    """
    matching = [family for family in FAMILIES if has_attention(family, names)]
    if not matching:
        raise _no_attention(names, where)
    declared = config.text("model_type", "family")
    family = declared_family(names, config)
    if family is not None:
        return family
    alike = " or ".join(family.name for family in matching)
    known = sorted(kind for family in FAMILIES for kind in family.model_types)
    if declared in known:
        raise ModelStructureError(f"the configuration says {declared!r}, but the tensor names are "
                                  f"those of family {alike}", where=where)
    raise ModelStructureError(f"models of type {declared[:40]!r} are not supported, though the "
                              f"tensor names look like family {alike}", where=where,
                              expected=", ".join(known),
                              hint="give --calibrate FILE.txt, one passage a line: transformers "
                              "then runs the model, which needs the hf extra")


def declared_family(names: tuple[str, ...], config: Config) -> Family | None:
    """The family that the configuration names, if the tensors are called as in it."""
    declared = config.text("model_type", "family")
    return next((family for family in FAMILIES if declared in family.model_types
                 and has_attention(family, names)), None)


def _no_attention(names: tuple[str, ...], where: object) -> ModelStructureError:
    looked_for = "; ".join(f"{family.name}: {family.example}" for family in FAMILIES)
    near = _nearest(names)
    return ModelStructureError(f"no attention heads found; looked for {looked_for}", where=where,
                               found=f"nearest names: {', '.join(near)}" if near
                               else f"{len(names)} tensors with other names",
                               hint="if the model is your own, give --map FILE.toml, or --heads "
                               "alone for torch.nn.TransformerEncoder")


def _nearest(names: tuple[str, ...]) -> list[str]:
    """The names most like what was looked for, each layer number shown as N."""
    plain = dict.fromkeys(re.sub(r"\d+", "N", name) for name in names[:_NEAREST_AMONG])
    scores = {
        name: max(difflib.SequenceMatcher(None, family.example, name[:120]).ratio()
                  for family in FAMILIES)
        for name in plain
    }
    best = sorted(scores, key=lambda name: -scores[name])[:3]
    return [name[:80] for name in best if scores[name] > 0.4]
