"""A network's static part as a NIR file, in words what NIR cannot say of it, and the way back."""

from neuromorph.nir_export.export import export_nir, to_nir
from neuromorph.nir_export.losses import label_in_nir, lost_in_nir, why_not_nir
from neuromorph.nir_export.reading import ReadNir, from_nir, read_nir

__all__ = ["ReadNir", "export_nir", "from_nir", "label_in_nir", "lost_in_nir", "read_nir", "to_nir",
           "why_not_nir"]
