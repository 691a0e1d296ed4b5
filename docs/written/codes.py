"""Exit codes of the command line, from the classes of errors."""

from __future__ import annotations

import inspect

from neuromorph import errors
from neuromorph.cli import app, doctor, interruption
from written.parts import WRITTEN, table

SAID = {
    0: "All went well; of a command whose reader is gone (`| head`) too. Warnings change nothing.",
    app.INTERNAL: "A fault of neuromorph's own. Please report it, with what `--debug` prints.",
    2: "The command line does not make sense, or the result's place is taken.",
    3: "An input cannot be read, is invalid, or does not make what was asked for.",
    4: "A hardware profile is invalid.",
    5: "A network does not fit the hardware profile.",
    6: ("A backend failed, cannot run this, or a package is missing; `doctor` found something "
        "amiss."),
    7: "Memory, disk or time is not enough.",
    8: "Results that must be equal to the bit are not.",
    interruption.INTERRUPTED: ("Interrupted (Ctrl-C, or a signal that ends); what was complete "
                               "stands."),
}


def codes() -> dict[int, list[str]]:
    """Classes of errors by exit code."""
    found: dict[int, list[str]] = {0: [], app.INTERNAL: [], app.USAGE: [], app.MEMORY: [],
                                   doctor.UNHEALTHY: [], interruption.INTERRUPTED: []}
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.NeuromorphError) and kind is not errors.NeuromorphError:
            found.setdefault(kind.exit_code, []).append(f"`{name}`")
    return dict(sorted(found.items()))


def codes_page() -> str:
    """The page."""
    rows = ((str(code), SAID[code], ", ".join(names)) for code, names in codes().items())
    return (f"# Exit codes\n\n{WRITTEN} What `neuromorph` returns to the shell. An error is one "
            "line on standard error that begins with `error:`.\n\n"
            + table(("code", "meaning", "errors"), rows)
            + "\n[Errors](../errors.md) says what each class means.\n")
