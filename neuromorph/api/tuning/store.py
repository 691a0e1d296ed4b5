"""Trials that are done, a file each, whole or not at all: a search that was stopped goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from neuromorph.api.tuning.trial import Trial
from neuromorph.errors import InputError
from neuromorph.files.atomic import write_file
from neuromorph.files.strict_json import read_json
from neuromorph.parallel.journal import digest_of
from neuromorph.translate import TranslateOptions


class Store:
    """Trials in a folder. They stay: another wish asks about the same ones.

    Parameters
    ----------
    folder : Path, optional
        None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, options: TranslateOptions) -> Trial | None:
        """The trial of some options; None, if it is not there, or not as it was written."""
        if self._folder is None:
            return None
        try:
            return read(read_json(self._folder / _name(options)), options)
        except InputError:  # not there, or cut: it is made again
            return None

    def put(self, trial: Trial) -> None:
        """Keep a trial.

        Raises
        ------
        WriteError
        """
        if self._folder is not None:
            text = json.dumps(trial.as_dict(), allow_nan=False)
            write_file(self._folder / _name(trial.options), text, force=True)


def _name(options: TranslateOptions) -> str:
    return f"{digest_of([json.dumps(asdict(options), sort_keys=True)])}.json"


def read(value: object, options: TranslateOptions) -> Trial | None:
    """A trial of plain values, as `Trial.as_dict` has them; of others there is none."""
    if not isinstance(value, dict) or value.get("options") != asdict(options):
        return None
    found, costs = (value.get(name) for name in ("found", "costs"))
    profile, refused = value.get("profile"), value.get("refused")
    if not (isinstance(found, Mapping) and isinstance(costs, Mapping)
            and isinstance(refused, str) and isinstance(profile, str | None)):
        return None
    plain: dict[str, Any] = dict(costs)
    return Trial(options, dict(found), plain, profile, refused)
