"""Exported spiking attention on disk: saved whole or not at all, checked when loaded."""

from neuromorph.bundle.atomic import atomic_folder, check_target, write_file
from neuromorph.bundle.bundle import BUNDLE_FOLDER, Bundle, load_bundle, save_bundle
from neuromorph.bundle.manifest import is_bundle
from neuromorph.bundle.outputs import Output

__all__ = ["BUNDLE_FOLDER", "Bundle", "Output", "atomic_folder", "check_target", "is_bundle",
           "load_bundle", "save_bundle", "write_file"]
