"""Exported spiking attention on disk: saved whole or not at all, checked when loaded."""

from neuromorph.bundle.bundle import BUNDLE_FOLDER, Bundle, load_bundle, save_bundle
from neuromorph.bundle.manifest import is_bundle

__all__ = ["BUNDLE_FOLDER", "Bundle", "is_bundle", "load_bundle", "save_bundle"]
