"""Exported spiking attention on disk: saved whole or not at all, checked when loaded."""

from neuromorph.bundle.atomic import atomic_folder, check_target, write_file
from neuromorph.bundle.bundle import NAMES, Bundle, load_bundle, save_bundle
from neuromorph.bundle.manifest import is_bundle

__all__ = ["NAMES", "Bundle", "atomic_folder", "check_target", "is_bundle", "load_bundle",
           "save_bundle", "write_file"]
