"""``neuromorph profiles list|show NAME|check PATH``."""

from __future__ import annotations

from os.path import lexists
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from neuromorph.cli import completion
from neuromorph.cli.common import Json, JsonFile, Quiet, Seed, check_flags, show, write_json
from neuromorph.errors import UsageError


def profiles(
    action: Annotated[Literal["list", "show", "check"], typer.Argument(
        help="list all; show every value of one, with its source; or check a file.")] = "list",
    name: Annotated[str | None, typer.Argument(
        autocompletion=completion.profiles,
        help="For show and check: a profile's name, or a .toml file.", show_default=False)] = None,
    output: JsonFile = None,
    seed: Seed = 0,  # noqa: ARG001 - every command takes it
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what the chips and boards can do that networks are compiled for."""
    check_flags(as_json=as_json, quiet=quiet)
    if bool(name) == (action == "list"):
        raise UsageError("list takes no name" if name else f"{action} needs a name or a file",
                         hint="the names: neuromorph profiles list")
    result = _result(action, name or "")
    if output is not None:
        write_json(result, output)
    show(result, lambda: _tables(action, result), as_json=as_json, quiet=quiet)


def _result(action: str, name: str) -> dict[str, Any]:
    from neuromorph.profiles import load_profile, profile_names
    from neuromorph.profiles.describe import confidences, description, lacking, overview

    if action == "list":
        return {"profiles": [overview(load_profile(one)) for one in profile_names()]}
    # `check` is for files: a bare word is one too where there is one.
    profile = load_profile(Path(name) if action == "check" and lexists(name) else name)
    if action == "show":
        return description(profile)
    return {"profile": profile.name, "file": name, "extends": list(profile.lineage),
            "values": len(profile.quantities), **confidences(profile),
            "cost_sets_lack": lacking(profile)}


def _tables(action: str, result: dict[str, Any]) -> list[Any]:
    from neuromorph.report.profile_tables import check_table, profile_list, profile_tables

    if action == "list":
        return [profile_list(result["profiles"])]
    return profile_tables(result) if action == "show" else [check_table(result)]
