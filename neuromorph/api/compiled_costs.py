"""What a text takes on the board that its model was compiled for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from neuromorph.bundle.whole import WholeBundle
from neuromorph.deploy.folder import FOLDER
from neuromorph.errors import FileFormatError, MissingFileError, UsageError
from neuromorph.files.opening import StrPath
from neuromorph.files.outputs import kind_of
from neuromorph.files.strict_json import read_json
from neuromorph.lab.folder import REPORT
from neuromorph.shown import Shown

Plain: TypeAlias = Mapping[str, Any]

QUANTITIES = {"static_chips": "static_chips", "static_board": "static_board",
              "dynamic": "dynamic_ends", "total": "total_ends", "seconds": "seconds_ends",
              "host_seconds": "host_seconds"}
"""What has a band, and what a set calls it."""


@dataclass(frozen=True, eq=False, repr=False)
class CompiledCosts(Shown):
    """Bands of a token, from the report of a compiled model.

    Attributes
    ----------
    profile : str
    paces : mapping
        A band as plain values by pace, as the report holds them.
    """

    profile: str
    paces: Plain

    def of(self, prompt: int, generated: int) -> dict[str, Any]:
        """Bands of a text.

        ::

            (prompt - 1) pipelined + generated serial          for each cost set by itself

        Parameters
        ----------
        prompt, generated : int
            Tokens that are read, and that are said.
        """
        serial, together = self.paces["serial"], self.paces["pipelined"]
        bands: dict[str, Any] = {}
        for name, field in QUANTITIES.items():
            known = [(one["costs"], [(prompt - 1) * b + generated * a
                                     for a, b in zip(one[field], other[field], strict=True)])
                     for one, other in zip(serial["sets"], together["sets"], strict=True)
                     if one[field] is not None and other[field] is not None]
            bands[name] = _ends(known)
        return {"profile": self.profile, "chips": serial["chips"],
                "board_chips": serial["board_chips"], "bands": bands}


def _ends(known: list[tuple[str, list[float]]]) -> dict[str, Any] | None:
    if not known:
        return None
    low, high = min(known, key=lambda one: one[1][0]), max(known, key=lambda one: one[1][1])
    return {"low": low[1][0], "low_set": low[0], "high": high[1][1], "high_set": high[0]}


def compiled_costs(folder: StrPath, bundle: WholeBundle) -> CompiledCosts:
    """Read what `neuromorph compile -o` wrote.

    Parameters
    ----------
    folder : path
    bundle : WholeBundle
        The model that it was compiled from.

    Raises
    ------
    MissingFileError, FileFormatError
        If there is no such report, or none of a whole model.
    UsageError
        If it is another model's, did not fit, or has no costs.
    """
    given = Path(folder)
    path = given if given.name == REPORT and given.is_file() else given / REPORT
    if not path.is_file():
        raise MissingFileError("there is no report of a compiled model", where=path,
                               hint="neuromorph compile BUNDLE -o DIR writes it")
    report = read_json(path)
    if kind_of(path) != FOLDER.kind or not isinstance(report, dict) or (
            report.get("kind_of_bundle") != "whole"):
        raise FileFormatError("this is no report of a compiled whole model", where=path,
                              hint="neuromorph compile BUNDLE -o DIR writes it")
    mine = {f"model_{name}": value for name, value in bundle.report().items()}
    other = [name for name, value in mine.items() if report.get(name) != value]
    if other:
        raise UsageError("it was compiled from another model", where=path,
                         found=f"{other[0].removeprefix('model_')} {report.get(other[0])}",
                         expected=mine[other[0]])
    paces = report.get("paces")
    if not report.get("fits") or not paces or (
            isinstance(paces, dict) and None in paces.values()):
        raise UsageError("the compiled model has no costs", where=path,
                         found="it does not fit" if not report.get("fits") else "none",
                         hint="compile it for a board that takes it, and whose profile has costs")
    try:
        costs = CompiledCosts(str(report["profile"]), paces)
        costs.of(1, 1)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError("the costs of the report are not whole", where=path,
                              hint="neuromorph compile BUNDLE -o DIR writes them") from error
    return costs
