"""What is done of an evaluation, window by window, so that one that was stopped goes on."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from neuromorph._version import __version__
from neuromorph.api.evaluation.figures import Figures, Kind
from neuromorph.errors import InputError
from neuromorph.files.arrays import load_arrays
from neuromorph.files.atomic import write_file


def key_of(parts: Iterable[bytes | str]) -> str:
    """A name for what is evaluated: of other inputs or options, another one."""
    digest = hashlib.sha256(__version__.encode())
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()[:32]


_SIZES: dict[Kind, Callable[[int], tuple[int, ...]]] = {
    "language": lambda tokens: (tokens - 1, tokens - 1, tokens, tokens),
    "encoder": lambda _: (0, 0, 0, 0), "classes": lambda _: (1, 1, 1, 1)}
_ANSWERS: dict[Kind, int] = {"language": 0, "encoder": 1, "classes": 2}


class Kept:
    """Figures of windows in a folder of their own, one file each, whole or not at all.

    Parameters
    ----------
    folder : Path, optional
        None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, number: int, tokens: int, kind: Kind) -> Figures | None:
        """Figures of a window; None, if they are not there, or not of this window."""
        file = self._file(number)
        if file is None:
            return None
        try:
            arrays = load_arrays(file)
            found = Figures(**arrays)
        except (InputError, TypeError):  # not there, cut, or of another version: done anew
            return None
        fits = tuple(map(np.size, found))[:4] == _SIZES[kind](tokens) and all(
            one.ndim == 1 for one in found)
        return found if fits and len(found.answer) == _ANSWERS[kind] else None

    def put(self, number: int, figures: Figures) -> None:
        """Keep the figures of a window.

        Raises
        ------
        WriteError
        """
        file = self._file(number)
        if file is not None:
            content = io.BytesIO()
            np.savez(content, **dict(figures._asdict()))
            write_file(file, content.getvalue(), force=True)

    def clear(self, count: int) -> None:
        """Remove all, when the evaluation is done."""
        if self._folder is None:
            return
        with suppress(OSError):  # somebody else has put something there
            for number in range(count):
                (self._folder / _name(number)).unlink(missing_ok=True)
            self._folder.rmdir()

    def _file(self, number: int) -> Path | None:
        return None if self._folder is None else self._folder / _name(number)


def _name(number: int) -> str:
    return f"{number:06d}.npz"
