"""Families of trained models: one file each, and what they share.

A configuration is read here, by tables of fields, and not by transformers' own classes where they
are installed: the same file must mean the same everywhere, importing them takes seconds and torch,
and they do not hold all that matters (who looks ahead, how far, is in the models' code). Tests
hold our reading to what transformers' models do, and to what its classes read.
"""

from neuromorph.models.families.base import Family, LayerPlan
from neuromorph.models.families.choose import FAMILIES, find_family

__all__ = ["FAMILIES", "Family", "LayerPlan", "find_family"]
