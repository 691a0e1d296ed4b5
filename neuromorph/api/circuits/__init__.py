"""Circuits that can be run by name, each a module here that is imported when it is asked for.

Such a module says in its first line what the circuit does, and has

- ``Settings``, a frozen dataclass of int, float, bool and str with defaults, each annotated with
  its `Meaning`; where that has limits, ``__post_init__`` calls `check_limits`;
- ``why_not(backend)``, None where the circuit runs on the backend, else the reason why it does
  not: as a rule what the backend says of a small network of the circuit's;
- ``run(settings, *, backend, seed, progress)``, which returns an `Outcome`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, Setting, Value, check_limits, settings_of
from neuromorph.backends import Backend
from neuromorph.errors import UsageError, did_you_mean
from neuromorph.shown import Shown

NAMES = (
    "match_and_control",
    "hebbian_attention",
    "astrocyte_attention",
    "hopfield",
    "naam",
    "dense_memory",
    "multitasking",
    "projector",
    "hidden_field",
    "key_gate",
    "homeostat",
    "homeostatic_channels",
    "equilibrium",
    "need",
    "ensembles",
    "gated_delta",
    "projected_memory",
    "block",
    "digits_block",
    "prototypes",
)
"""In the order in which they are listed."""

MODULES = {name: f"neuromorph.api.circuits.{name}" for name in NAMES}
"""Where each circuit is at home."""


@dataclass(frozen=True, eq=False, repr=False)
class Circuit(Shown):
    """A circuit as a person meets it.

    Attributes
    ----------
    name : str
    summary : str
        One line: what it does.
    settings : tuple of Setting
    module : module
        Where it is at home.
    """

    name: str
    summary: str
    settings: tuple[Setting, ...]
    module: ModuleType

    def why_not(self, backend: Backend) -> str | None:
        """The reason why the circuit does not run on a backend, or None if it does."""
        reason: str | None = self.module.why_not(backend)
        return reason

    def choose(self, given: Mapping[str, object]) -> Any:
        """The circuit's own ``Settings``, with what was given in place of its defaults.

        Raises
        ------
        UsageError
            If there is no such setting, or it does not take the value.
        """
        known = {setting.name: setting for setting in self.settings}
        for name in given:
            if name not in known:
                raise UsageError("the circuit has no such setting", where=self.name, found=name,
                                 hint=did_you_mean(name, known) or "it has none")
        return self.module.Settings(**{n: known[n].read(value) for n, value in given.items()})


def names() -> tuple[str, ...]:
    """Names of all circuits."""
    return tuple(MODULES)


def get(name: str) -> Circuit:
    """The circuit of that name.

    Raises
    ------
    UsageError
        If there is none, with the nearest name.
    """
    if name not in MODULES:
        raise UsageError("unknown circuit", found=name, hint=did_you_mean(name, MODULES))
    module = import_module(MODULES[name])
    summary = (module.__doc__ or "").strip().partition("\n")[0]
    return Circuit(name, summary, settings_of(module.Settings), module)


__all__ = ["MODULES", "Circuit", "Meaning", "Outcome", "Setting", "Value", "check_limits", "get",
           "names"]
