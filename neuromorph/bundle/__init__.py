"""Exported spiking attention on disk: saved whole or not at all, checked when loaded."""

from neuromorph.bundle.atomic import atomic_folder, check_target
from neuromorph.bundle.bundle import Bundle, load_bundle, save_bundle

__all__ = ["Bundle", "atomic_folder", "check_target", "load_bundle", "save_bundle"]
