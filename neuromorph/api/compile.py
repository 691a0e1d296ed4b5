"""Compile: a bundle's attention for a chip, placed, checked, estimated, and told in a report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from neuromorph.bundle import Bundle, load_bundle
from neuromorph.compile import Compiled, Unit, check_pass, compile_units, to_lines
from neuromorph.cost import costs_of
from neuromorph.deploy.boards import Chosen, fitting, named
from neuromorph.deploy.outcome import CompileReport, not_placed, placed
from neuromorph.deploy.units import Memory, units_of
from neuromorph.deploy.values import head_values
from neuromorph.errors import FitError, UsageError
from neuromorph.progress import Progress, silent


def compile_bundle(
    path: str | os.PathLike[str] | Bundle, profile: str | None = None, *,
    memory: Memory = "static", programmable: bool = False, costs: str | None = None,
    dump: Sequence[str] = (), progress: Progress = silent,
) -> CompileReport:
    """Place a bundle's heads on a chip or board, check the result, estimate its costs.

    Parameters
    ----------
    path : path or Bundle
    profile : str, optional
        Name of a hardware profile, or path of one. If left out, the smallest chip or board that
        is known to take the bundle: its kind of spikes and its registers decide between chips.
    memory : {"static", "plastic"}
        Keys and values of the bundle's sample in static synapses, repeated to fill the slots;
        or synapses that plasticity will write.
    programmable : bool
        Let a Loihi 2 board run neurons of our own, which graded spikes need.
    costs : str, optional
        Set of energy and time constants; the profile's default if left out.
    dump : sequence of str
        Passes after which the program is kept as text.
    progress : callable, optional

    Returns
    -------
    CompileReport
        With ``fits`` false, the reason and what would help, if it does not fit.

    Raises
    ------
    NeuromorphError
        If the bundle or the profile cannot be read.
    DisagreementError
        If the placed program does not give what the networks give, or the checker objects.
    """
    wanted = set(map(check_pass, dump))
    bundle, units, target = _begun(path, profile, memory, programmable, progress)
    costs_of(target.profile, costs)
    head = head_values(bundle, units, target, memory)
    dumps: dict[str, str] = {}

    def keep(name: str, state: Compiled) -> None:
        if name in wanted:
            dumps[name] = to_lines(state)

    try:
        compiled = compile_units(units, target.profile, done=keep,
                                 told=lambda name: progress(f"pass: {name}"))
    except FitError as error:
        progress("looking for what would fit")
        return replace(not_placed(bundle, units, target.profile, memory, error, head), dumps=dumps)
    return replace(placed(bundle, compiled, memory, costs, head, progress), dumps=dumps)


def _begun(
    path: str | os.PathLike[str] | Bundle, profile: str | None, memory: Memory,
    programmable: bool, progress: Progress,
) -> tuple[Bundle, tuple[Unit, ...], Chosen]:
    """The bundle, its networks, and what they are compiled for."""
    if memory not in ("static", "plastic"):
        raise UsageError("no such memory", found=memory, expected="static or plastic")
    bundle = path if isinstance(path, Bundle) else load_bundle(path)
    target = None if profile is None else named(profile, programmable=programmable)
    progress("building the networks")
    units = units_of(bundle, memory)
    if target is None:
        progress("choosing a board")
        target = fitting(bundle, units, programmable=programmable)
    return bundle, units, target


def program_text(
    path: str | os.PathLike[str] | Bundle, profile: str | None, stop_after: str, *,
    memory: Memory = "static", programmable: bool = False, progress: Progress = silent,
) -> str:
    """The program after a pass, as stable text.

    Raises
    ------
    FitError
        If it does not get that far.
    """
    check_pass(stop_after)
    _, units, target = _begun(path, profile, memory, programmable, progress)
    return to_lines(compile_units(units, target.profile, stop_after=stop_after,
                                  told=lambda name: progress(f"pass: {name}")))
