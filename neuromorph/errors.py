"""Every error a user can meet, each with what was wrong and what to do about it.

Each class is also a builtin exception, so ``except ValueError`` works as a Python
programmer expects, and carries the exit code that the command line returns.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from typing_extensions import Self

ODD = re.compile(r"[^\x20-\x7e]")
"""What may steer a terminal, or turn the direction of a line: looked at one by one."""


FEW = 3
"""Reasons beside the first that a line of text tells."""


def escaped(text: str, keep: str = "") -> str:
    """Escape all that is not seen as it is, but for the characters in ``keep``.

    Names in files are untrusted: control characters, bidirectional marks and line breaks in
    them reach no terminal and no text file of ours.
    """
    return ODD.sub(lambda found: _escaped(found[0], keep), text)


def _escaped(character: str, keep: str) -> str:
    if character.isprintable() or character in keep:
        return character
    return character.encode("unicode_escape").decode()


def printable(text: object, limit: int = 200) -> str:
    """One line of text with odd characters escaped, cut to ``limit``."""
    shown = escaped(str(text))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def brief(error: BaseException) -> str:
    """A library's error in one line: its kind, and the first thing that it says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else ""
    if said.endswith(":") and len(lines) > 1:  # a heading
        said = f"{said} {lines[1]}"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or lists them all when none is near."""
    options = sorted(known)
    near = difflib.get_close_matches(name, options, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "choose one of: " + ", ".join(options) if options else ""


def together(reasons: Sequence[str]) -> str:
    """The first of some reasons, how many more there are, and the next few of them."""
    first, *more = reasons
    return first + _and_more(more)


def _and_more(more: Sequence[str]) -> str:
    if not more:
        return ""
    told = [printable(reason, 400) for reason in more[:FEW]]
    return f". And {len(more)} more: {'; '.join([*told, *['…'] * (len(more) > FEW)])}"


def _sentence(hint: str) -> str:
    """A hint with a capital, unless it begins with a command to type."""
    return hint if hint.startswith(("pip ", "neuromorph ")) else hint[:1].upper() + hint[1:]


class NeuromorphError(Exception):
    """Base of all errors: one line of text from its parts.

    Parameters
    ----------
    what : str
        What went wrong, as a sentence without a full stop.
    where : object, optional
        File, population, tensor or option that it happened in.
    found, expected : object, optional
        What was there, and what should have been.
    hint : str, optional
        What the user can do now.
    more : sequence of str, optional
        What else is wrong, each with its place. The text tells the first few.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        found: object = None,
        expected: object = None,
        hint: str | None = None,
        more: Sequence[str] = (),
    ) -> None:
        self.what, self.where, self.found = what, where, found
        self.expected, self.hint, self.more = expected, hint, tuple(more)
        super().__init__(self._text())

    def _text(self) -> str:
        text = printable(self.what, 2000)
        if self.where is not None:
            text = f"{printable(self.where)}: {text}"
        if self.found is not None:
            text += f"; found {printable(self.found)}"
        if self.expected is not None:
            text += f"; expected {printable(self.expected)}"
        if self.hint:
            text += f". {_sentence(printable(self.hint, 2000))}"
        return text + _and_more(self.more)

    def __str__(self) -> str:
        return self._text()


class NeuromorphWarning(UserWarning):
    """Something works, but worse than a person would expect; the text says what to do."""


class UsageError(NeuromorphError, ValueError):
    """The command line or a function's arguments do not make sense."""

    exit_code = 2


class OutputExistsError(NeuromorphError, FileExistsError):
    """Something already stands where the result should go."""

    exit_code = 2


class InputError(NeuromorphError, ValueError):
    """An input cannot be read or is invalid."""

    exit_code = 3


class MissingFileError(InputError, FileNotFoundError):
    """A file or folder that was named is not there, or may not be read."""

    def __new__(cls, *parts: object, **_: object) -> Self:
        """As its built-in class does; without it, what copies errors calls another's."""
        return OSError.__new__(cls, *parts)


class FileFormatError(InputError):
    """A file is not of the format that it should be."""


class TensorError(InputError):
    """A tensor's shape, dtype or values cannot be used."""


class ModelStructureError(InputError):
    """The tensors are readable but do not make up attention heads."""


class CalibrationError(InputError):
    """The calibration data does not fit the model, or there is too little of it."""


class NetworkError(InputError):
    """A network breaks a rule that every backend relies on."""


class LearningRuleError(NetworkError):
    """A learning rule that the hardware's learning engine cannot run; the text names the term."""


class RangeProofError(NetworkError, OverflowError):
    """An integer accumulator could overflow for the declared ranges."""


class BundleError(InputError):
    """A bundle is incomplete, altered, or of another schema version."""


class ProfileError(NeuromorphError, ValueError):
    """A hardware profile is invalid."""

    exit_code = 4


class FitError(NeuromorphError, ValueError):
    """A network does not fit the hardware profile."""

    exit_code = 5


class BackendError(NeuromorphError, RuntimeError):
    """A backend failed; the original error is in the text."""

    exit_code = 6


class MissingExtraError(BackendError, ImportError):
    """An optional package is not installed; the text has the line that installs it."""


class UnsupportedError(BackendError, NotImplementedError):
    """A backend cannot run this network; the text says why."""


class ResourceError(NeuromorphError, RuntimeError):
    """Memory, disk or time is not enough."""

    exit_code = 7


class DeadlineError(ResourceError, TimeoutError):
    """Work was stopped because it took longer than allowed."""

    def __new__(cls, *parts: object, **_: object) -> Self:
        """As its built-in class does; without it, what copies errors calls another's."""
        return OSError.__new__(cls, *parts)


class MemoryBudgetError(ResourceError, MemoryError):
    """The work would need more memory than there is."""


class WriteError(ResourceError, OSError):
    """A result could not be written."""

    def __new__(cls, *parts: object, **_: object) -> Self:
        """As its built-in class does; without it, what copies errors calls another's."""
        return OSError.__new__(cls, *parts)


class DisagreementError(NeuromorphError, ArithmeticError):
    """Results that must be equal to the bit are not."""

    exit_code = 8
