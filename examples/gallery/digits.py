"""A vision transformer reads digits: attention out of spike times, beside float."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import neuromorph

TITLE = "Digits: where one query looks"
ALT = ("One query of one head: the digit and the patch that asks, the times at which match neurons "
       "fire, the control neurons' potentials, and attention weights beside those of float.")


def draw(path: Path) -> None:
    """The raster of `make demo`."""
    with tempfile.TemporaryDirectory() as folder:
        neuromorph.run_demo(Path(folder) / "demo")
        shutil.copyfile(Path(folder) / "demo" / "raster.png", path)
