"""A network's static part as a NIR file, and in words what NIR cannot say of it."""

from neuromorph.nir_export.export import export_nir, to_nir
from neuromorph.nir_export.losses import lost_in_nir, why_not_nir

__all__ = ["export_nir", "lost_in_nir", "to_nir", "why_not_nir"]
