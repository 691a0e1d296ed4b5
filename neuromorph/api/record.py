"""Record: a person's own model and data in, a folder that `export` takes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuromorph.api.attended import checked_naming
from neuromorph.errors import (
    CalibrationError,
    FileFormatError,
    MissingExtraError,
    ModelStructureError,
    UsageError,
)
from neuromorph.files.arrays import load_arrays
from neuromorph.files.atomic import atomic_folder, check_target
from neuromorph.files.opening import RegularFile
from neuromorph.files.outputs import Output
from neuromorph.models import Naming, open_model
from neuromorph.models.own.naming import OWN
from neuromorph.models.record_child import ATTENDED, CONFIG, HIDDEN, WEIGHTS
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown

FOLDER = Output("recording", (WEIGHTS, HIDDEN, CONFIG), CONFIG)

_CHILD = ("import os, sys; sys.path[:] = sys.argv[1].split(os.pathsep); "
          "from neuromorph.models.record_child import main; main(sys.argv[2], int(sys.argv[3]))")
_FOUND = "found.json"


@dataclass(frozen=True, repr=False)
class Recording(Shown):
    """What was recorded.

    Attributes
    ----------
    path : Path
        Folder with ``model.safetensors``, ``config.json`` and ``hidden.npz``.
    layers, heads : int
    sequences, tokens : int
        Of each layer's hidden states.
    notes : tuple of str
        Whether the heads give what the model's attention gave.
    """

    path: Path
    layers: int
    heads: int
    sequences: int
    tokens: int
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"recording": str(self.path), "layers": self.layers, "heads": self.heads,
                "sequences": self.sequences, "tokens": self.tokens,
                "notes": list(self.notes)}


def record(
    model: str,
    output: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str],
    naming: Naming,
    force: bool = False,
    progress: Progress = silent,
) -> Recording:
    """Run data through a person's own PyTorch model and keep what enters its attention.

    Their code runs, in a process of its own, as when they run it themselves.

    Parameters
    ----------
    model : str
        ``FILE.py:NAME``, a function that gives a `torch.nn.Module`.
    output : path
        Folder to write; must not exist unless ``force``.
    data : path
        ``.npz``: one array is the model's argument, several are its arguments by name; the first
        axis counts sequences, which run one at a time. Whole numbers become int64.
    naming : Naming
        Which tensor is what; must say ``causal``, and ``heads`` unless the attention is torch's.
        The order of fused rows is found, if it is not said and ``o`` is named.
    force : bool
        Replace an earlier recording.

    Raises
    ------
    NeuromorphError
        Before anything is written, if their code fails, or what it gives are no heads.
    """
    file, function = _parted(model)
    check_target(output, ours=FOLDER, force=force)
    if naming.causal is None:
        raise UsageError("a model of your own does not say who sees whom", where=file,
                         expected="--causal or --not-causal")
    with RegularFile(file), RegularFile(data):  # said before torch is started
        pass
    with atomic_folder(output, ours=FOLDER, force=force) as folder:
        progress("running the model")
        _run({"file": str(file), "make": function, "data": os.fspath(data), "folder": str(folder),
              "naming": {"tensors": dict(naming.tensors), "where": naming.where}}, file)
        known = _known(folder, naming, file)
        _configure(folder, Naming(known.tensors))
        progress("reading what was recorded")
        hidden, attended = load_arrays(folder / HIDDEN), _attended(folder)
        known, notes = checked_naming(folder, known, hidden, attended, file)
        _configure(folder, known)
        heads = open_model(folder)
        shape = hidden["hidden.0"].shape
        if len(hidden) != len(heads.layers) or shape[-1] != heads.width:
            raise CalibrationError("what enters the projections is not as wide as they are",
                                   where=file, found=shape, expected=f"(…, {heads.width})")
    return Recording(Path(output), len(heads.layers), sum(one.heads for one in heads.layers),
                     shape[0], shape[1], notes)


def _parted(model: str) -> tuple[Path, str]:
    file, colon, function = model.rpartition(":")
    if not colon or not file.endswith(".py") or not function.isidentifier():
        raise UsageError("the model is a function in a Python file", found=model,
                         expected="FILE.py:NAME")
    return Path(file), function


def _run(job: dict[str, Any], file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, os.pathsep.join(sys.path), json.dumps(job),
         str(os.getpid())], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if not done.returncode:
        return
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise ModelStructureError("the model's process ended", where=file,
                                  found=f"exit code {done.returncode}",
                                  hint="what it wrote stands above") from None
    if said["kind"] == "extra":
        raise MissingExtraError("recording needs torch", where=file, found=said["found"],
                                hint="pip install 'neuromorph[hf]'")
    hint = "name them with --map FILE.toml" if said["kind"] == "names" else said.get("hint")
    kind = FileFormatError if said["kind"] == "format" else ModelStructureError
    raise kind(said["what"], where=said.get("where", file), found=said["found"] or None,
               hint=hint)


def _known(folder: Path, naming: Naming, file: Path) -> Naming:
    """What was said, and what was found."""
    found = json.loads((folder / _FOUND).read_text("utf-8"))
    (folder / _FOUND).unlink()
    known = naming if found["heads"] is None else naming.joined(
        Naming(heads=found["heads"], where=str(file)))
    return replace(known, tensors=found["tensors"])


def _attended(folder: Path) -> dict[str, Any]:
    """What entered the output projections, where that was seen."""
    with np.load(folder / ATTENDED) as arrays:
        found = dict(arrays)
    (folder / ATTENDED).unlink()
    return found


def _configure(folder: Path, known: Naming) -> None:
    """What is known, as a configuration that is a map."""
    config = {**FOLDER.mark(), "model_type": OWN, **known.fields()}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
