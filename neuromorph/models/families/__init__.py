"""Families of trained models: one file each, and what they share."""

from neuromorph.models.families.base import Family, LayerPlan
from neuromorph.models.families.choose import FAMILIES, find_family

__all__ = ["FAMILIES", "Family", "LayerPlan", "find_family"]
