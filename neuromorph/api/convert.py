"""Convert: a network of a bundle or of a compiled program, in a format that others read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from neuromorph.bundle.kinds import load_any
from neuromorph.compile.program import Unit
from neuromorph.compile.program_file import PROGRAM, read_program
from neuromorph.compile.split import split
from neuromorph.deploy.any_units import all_units
from neuromorph.deploy.units import Memory
from neuromorph.errors import UsageError, did_you_mean
from neuromorph.files.atomic import check_new
from neuromorph.network import Network
from neuromorph.neurons import NeuronModel
from neuromorph.neurons.registry import models
from neuromorph.nir_export import export_nir, label_in_nir
from neuromorph.onnx_export import export_onnx
from neuromorph.progress import Progress, silent
from neuromorph.straight.update import why_not_straight_kind

Form: TypeAlias = Literal["onnx", "nir"]

def convert(
    source: str | os.PathLike[str], output: str | os.PathLike[str], *, form: Form | None = None,
    unit: str | None = None, cores: bool = False, memory: Memory = "static", force: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write one network in an open format, and tell how near that comes to it.

    Parameters
    ----------
    source : path
        A bundle of heads or of a whole model; or a folder of a compiled program.
    output : path
    form : {"onnx", "nir"}, optional
        By the output's ending if left out.
    unit : str, optional
        Which network, by name or number, where there are several.
    cores : bool
        Of a compiled program: a population for each core that holds a part of one.
    memory : {"static", "plastic"}
        Of a bundle of heads, as for `compile_bundle`.
    force : bool
        Whether to replace a file.

    Returns
    -------
    dict
        ``format``, ``label`` (faithful or approximate), ``lost`` (a sentence each), and what the
        network is.

    Raises
    ------
    UsageError
        If it is not clear which network, or which format.
    UnsupportedError
        If the format cannot hold the network; what stands against it is named.
    NeuromorphError
        If the source cannot be read, or the output not written.
    """
    chosen = _form(output, form)
    check_new(Path(output), force=force)
    progress("building the network")
    name, network = _network(Path(source), unit, memory, cores=cores)
    progress(f"writing {chosen}")
    if chosen == "onnx":
        lost: Sequence[str] = ()
        export_onnx(network, output, force=force)
        label: str = "faithful"
    else:
        lost, label = export_nir(network, output, force=force), label_in_nir(network)
    return {"source": str(source), "output": str(output), "format": chosen, "label": label,
            "unit": name, "populations": len(network.populations),
            "neurons": sum(p.size for p in network.populations if not p.is_source),
            "projections": len(network.projections), "bytes": Path(output).stat().st_size,
            "inputs": {p.name: p.size for p in network.populations if p.is_source},
            "lost": list(lost)}


def ways_of(model: type[NeuronModel]) -> dict[str, str]:
    """How near each way out comes to a neuron model in integers: faithful, approximate, refused."""
    exact = "refused" if why_not_straight_kind(model) else "faithful"
    leaky = model.leaky_floats is not NeuronModel.leaky_floats
    nir = "faithful" if model.from_outside else "approximate" if leaky else "refused"
    return {"onnx": exact, "replay.py": exact, "nir": nir}


def ways_table() -> list[tuple[str, ...]]:
    """`ways_of` all registered models, a row each."""
    return [(name, *ways_of(model).values()) for name, model in sorted(models().items())]


def _form(output: str | os.PathLike[str], form: str | None) -> str:
    known = get_args(Form)
    found = Path(output).suffix.removeprefix(".") if form is None else form
    if found not in known:
        raise UsageError("no such format", found=found or str(output),
                         expected=" or ".join(known), hint="end the output's name in .onnx or "
                         ".nir, or say --format")
    return found


def _network(
    source: Path, unit: str | None, memory: Memory, *, cores: bool
) -> tuple[str, Network]:
    """The network that is meant, and its name."""
    placed = (source / PROGRAM).is_file()
    if cores and not placed:
        raise UsageError("only a compiled program has cores", where=source,
                         hint="run `neuromorph compile` first")
    if placed:
        program = read_program(source)
        number = chosen_unit(program.units, unit, source)
        found = program.units[number]
        return found.name, (split(found, program.slices_of(number)) if cores else found).network
    units = all_units(load_any(source), memory)
    one = units[chosen_unit(units, unit, source)]
    return one.name, one.network


def chosen_unit(units: Sequence[Unit], asked: str | None, source: Path) -> int:
    """Number of the unit that is asked for by name or number; of the only one, unasked.

    Raises
    ------
    UsageError
    """
    names = [unit.name for unit in units]
    if asked is None and len(units) == 1:
        return 0
    if asked is None:
        raise UsageError("there are several networks", where=source, found=f"{len(units)}",
                         hint=f"say which by --unit: a number below {len(units)}, or a name such "
                              f"as {names[0]}")
    if asked in names:
        return names.index(asked)
    if asked.isdecimal() and int(asked) < len(units):
        return int(asked)
    raise UsageError("there is no such network", where=source, found=asked,
                     hint=did_you_mean(asked, names))
