"""Consolidate: what a compiled program has learned becomes its weights, and it is compiled anew."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.convert import chosen_unit
from neuromorph.compile import Compiled, Unit, compile_units, to_lines
from neuromorph.compile.program_file import (
    PROGRAM,
    WEIGHTS,
    read_program,
    to_json,
    write_arrays,
    write_program,
)
from neuromorph.errors import (
    MissingFileError,
    RangeProofError,
    TensorError,
    UnsupportedError,
    UsageError,
)
from neuromorph.files.arrays import load_arrays
from neuromorph.files.atomic import atomic_folder, write_file
from neuromorph.files.outputs import Output
from neuromorph.network import Network
from neuromorph.network.consolidate import ANCHOR, Consolidated, How, Learned
from neuromorph.network.consolidate import consolidate as consolidated
from neuromorph.numerics.log8 import LogWeights
from neuromorph.profiles import Profile, load_profile
from neuromorph.progress import Progress, silent

MARK, CODES, TEXT = "consolidated.json", "codes.npz", "program.txt"
FOLDER = Output("consolidated program", (MARK, PROGRAM, WEIGHTS, TEXT, CODES), MARK)

Arrays = Mapping[str, NDArray[Any]]


def consolidate(
    source: str | os.PathLike[str], learned: str | os.PathLike[str],
    output: str | os.PathLike[str], *, how: How = "frozen", anchor: float = ANCHOR,
    every: int = 0, codes: str | os.PathLike[str] | None = None, unit: str | None = None,
    profile: str | None = None, force: bool = False, progress: Progress = silent,
) -> dict[str, Any]:
    """Make what plastic projections have learned the weights of a new program.

    Parameters
    ----------
    source : path
        Folder of a compiled program, of a bundle or of a network of one's own.
    learned : path
        An ``.npz`` file with ``weights.NAME`` and ``tags.NAME`` for projections that learned, such
        as a program's ``expected.npz`` or what `replay.py` writes; what it holds beside is left.
    output : path
        Folder for ``program.json``, ``weights.npz``, ``program.txt``; of log8 also ``codes.npz``.
    how, anchor, every
        As for `neuromorph.network.consolidate.consolidate`.
    codes : path, optional
        Of log8: ``codes.npz`` of an earlier consolidation.
    unit : str, optional
        Which network, by name or number, where there are several.
    profile : str, optional
        Path of the hardware profile, where it is none of ours.
    force : bool
        Whether to replace an earlier result.

    Returns
    -------
    dict
        What was consolidated, in numbers.

    Raises
    ------
    NeuromorphError
        If something cannot be read, does not fit its projection, or the chip.
    """
    folder = Path(source)
    if not (folder / PROGRAM).is_file():
        raise MissingFileError("this is no folder of a compiled program", where=folder,
                               hint="make one of a network by write_program(folder, "
                                    "compile_units(...).program)")
    if codes is not None and how != "log8":
        raise UsageError("only log8 has codes", found=how)
    program = read_program(folder)
    number = chosen_unit(program.units, unit, folder)
    network = program.units[number].network
    held = None if codes is None else _codes(load_arrays(codes))
    found = consolidated(network, _learned(network, load_arrays(learned), Path(learned)), how,
                         anchor=anchor, every=every, codes=held)
    units = list(program.units)
    units[number] = Unit(units[number].name, found.network, units[number].view)
    progress("compiling")
    compiled = _compiled(units, load_profile(profile or program.profile), folder)
    numbers = _numbers(units[number].name, how, network, found, compiled.program.cores)
    with atomic_folder(output, ours=FOLDER, force=force) as place:
        (place / MARK).write_text(to_json({**FOLDER.mark(), **numbers}), "utf-8")
        write_program(place, compiled.program)
        (place / TEXT).write_text(to_lines(compiled), "utf-8")
        if found.codes:
            write_arrays(place / CODES, {
                f"{what}.{name}": np.asarray(getattr(log, what))
                for name, log in found.codes.items() for what in ("codes", "signs", "unit")})
    return {"source": str(source), "output": str(output), **numbers}


def _compiled(units: Sequence[Unit], profile: Profile, source: Path) -> Compiled:
    try:
        return compile_units(units, profile)
    except RangeProofError as error:
        raise UnsupportedError(
            "the ranges were proved by a circuit's own rules, which a program's folder does not "
            "keep", where=source, found=error,
            hint="slots of keys are overwritten, not learned: compile the bundle with --memory "
                 "static; other networks: neuromorph.network.consolidate in Python") from error


def save_learned(learned: Learned, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write what a run recorded (`Recording.synapses`) as the file that `consolidate` takes.

    Raises
    ------
    WriteError
    """
    held = io.BytesIO()
    write_arrays(held, {f"{what}.{name}": np.asarray(values) for name, pair in learned.items()
                        for what, values in zip(("weights", "tags"), pair, strict=True)})
    write_file(Path(path), held.getvalue(), force=force)


def _learned(network: Network, arrays: Arrays, where: Path
             ) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """By projection; whose tags are not told has none, whose weights are not told has its own."""
    named = {key.partition(".")[2] for key in arrays if key.startswith(("weights.", "tags."))}
    if not named:
        raise TensorError("the file holds nothing that was learned", where=where,
                          found=", ".join(sorted(arrays)[:3]) or "no array",
                          expected="weights.NAME and tags.NAME of plastic projections")
    own = {p.name: p.weights for p in network.plastic}
    none = np.zeros((0, 0), np.int64)  # of a name that there is not, which is refused
    return {name: (arrays.get(f"weights.{name}", own.get(name, none)),
                   arrays.get(f"tags.{name}", np.zeros_like(own.get(name, none))))
            for name in sorted(named)}


def _codes(arrays: Arrays) -> dict[str, LogWeights]:
    found = {}
    for key, codes in arrays.items():
        what, _, name = key.partition(".")
        if what == "codes" and {f"signs.{name}", f"unit.{name}"} <= arrays.keys():
            found[name] = LogWeights(codes.astype(np.int64), arrays[f"signs.{name}"]
                                     .astype(np.int8), float(arrays[f"unit.{name}"]))
    if not found:
        raise TensorError("the file holds no codes", found=", ".join(sorted(arrays)[:3]),
                          expected="codes.NAME, signs.NAME and unit.NAME")
    return found


def _numbers(
    name: str, how: str, before: Network, found: Consolidated, cores: int
) -> dict[str, Any]:
    after = found.network
    return {
        "unit": name, "how": how, "cores": cores,
        "plastic_projections": len(after.plastic),
        "plastic_synapses": sum(p.weights.size for p in after.plastic),
        "plastic_synapses_before": sum(p.weights.size for p in before.plastic),
        "clipped_codes": sum(log.clipped for log in found.codes.values()),
        "cautions": [f"{name}: {log.clipped} codes were cut to 8 bits"
                     for name, log in found.codes.items() if log.clipped],
    }
