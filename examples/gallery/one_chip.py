"""A whole model on one chip: which cores it takes, and how full they are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import neuromorph
from neuromorph.models.digits import WEIGHTS
from neuromorph.report.compile_pictures import draw_chips

TITLE = "A whole model on one chip"
ALT = ("The mesh of cores of one Loihi 2 chip: a handful are coloured by how full they are, all "
       "others are empty.")


def draw(path: Path) -> None:
    """The digits model, pixels to class, as `neuromorph compile` places it."""
    with tempfile.TemporaryDirectory() as name:
        neuromorph.export_whole(WEIGHTS, Path(name) / "digits")
        report = neuromorph.compile_bundle(Path(name) / "digits", "loihi2-graded")
        path.write_bytes(draw_chips(report.as_dict()))
