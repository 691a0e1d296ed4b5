"""Which folders are results of ours: their own words say so, never the names in them.

A bundle says it in ``manifest.toml``, with the kind of bundle that it is if it is not one of
attention; any other result in a JSON file with `mark` in it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from neuromorph._version import __version__
from neuromorph.errors import InputError, OutputExistsError
from neuromorph.files.opening import RegularFile
from neuromorph.files.strict_json import read_json
from neuromorph.shown import Shown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROGRAM = "neuromorph"
GENERATOR = f"{PROGRAM} {__version__}"
BUNDLE = "bundle"
MANIFEST = "manifest.toml"
MANIFEST_LIMIT = 1 << 20

SHOWN = 3
"""Names of foreign files that an error lists."""


@dataclass(frozen=True, repr=False)
class Output(Shown):
    """A kind of result, and what its folder may hold.

    Attributes
    ----------
    kind : str
        As the folder's own file says it.
    names : tuple of str
        All that it may hold; plain files but for those in ``inside``.
    marked : str
        The file that says it.
    inside : mapping of str to Output
        Results that it holds, by name.
    """

    kind: str
    names: tuple[str, ...]
    marked: str
    inside: Mapping[str, Output] = field(default_factory=dict)

    def mark(self) -> dict[str, str]:
        """What the JSON file says of itself."""
        return {"generator": GENERATOR, "kind": self.kind}

    def check_ours(self, folder: Path) -> None:
        """Refuse a folder that is not such a result, or holds anything else too.

        Raises
        ------
        OutputExistsError
        OSError
        """
        entries = sorted(folder.iterdir())
        said = kind_of(folder / self.marked)
        if said not in (None, self.kind):
            raise OutputExistsError("the output is another kind of result, and is left alone",
                                    where=folder, found=f"the {said} of {PROGRAM}",
                                    expected=f"a {self.kind}", hint="choose another folder")
        foreign = [entry.name for entry in entries if not self._may_hold(entry)]
        if foreign:
            raise _left_alone(folder, _listed(foreign))
        if said is None:
            raise _left_alone(folder, _listed([entry.name for entry in entries]),
                              f"{self.marked} that says it is the {self.kind} of {PROGRAM}")
        for name, output in self.inside.items():
            if (folder / name).exists():
                output.check_ours(folder / name)

    def _may_hold(self, entry: Path) -> bool:
        right = entry.is_dir() if entry.name in self.inside else entry.is_file()
        return entry.name in self.names and right and not entry.is_symlink()


def kind_of(file: Path) -> str | None:
    """The kind of result that a file says it is of; None if it says nothing of the sort."""
    try:
        fields = _toml(file) if file.name == MANIFEST else read_json(file)
    except (InputError, ValueError, RecursionError):  # not there, or somebody else's
        return None
    if not isinstance(fields, dict) or not _by_us(fields.get("generator")):
        return None
    kind = fields.get("kind", "" if file.name == MANIFEST else None)
    if not isinstance(kind, str):
        return None
    return f"{kind} {BUNDLE}".strip() if file.name == MANIFEST else kind


def _by_us(generator: object) -> bool:
    return isinstance(generator, str) and generator.partition(" ")[0] == PROGRAM


def _toml(file: Path) -> object:
    with RegularFile(file) as opened:
        return tomllib.loads(opened.read(0, min(opened.size, MANIFEST_LIMIT)).decode())


def _left_alone(folder: Path, found: str, expected: str | None = None) -> OutputExistsError:
    return OutputExistsError("the output holds what neuromorph did not write, and is left alone",
                             where=folder, found=found, expected=expected,
                             hint="choose another folder, or remove this one yourself, as when "
                                  "an earlier version of neuromorph wrote it")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
