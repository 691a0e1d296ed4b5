"""An error on its way from the child process to the user, as one line of JSON."""

from __future__ import annotations

import json
import traceback

from neuromorph import errors


class RemoteError(Exception):
    """What the child printed or where it failed; the cause of the error the user meets."""


def encode(error: BaseException, where: str | None = None) -> bytes:
    """An error with its traceback; ``where`` names the population or projection."""
    parts: dict[str, object] = {
        "kind": type(error).__name__,
        "what": f"{type(error).__name__}: {error}",
        "where": where,
        # Lava sends the traceback of a model that cannot be built along in `trace`.
        "traceback": getattr(error, "trace", None)
        or "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    }
    if isinstance(error, errors.NeuromorphError):
        shown = {name: getattr(error, name) for name in ("where", "found", "expected", "hint")}
        parts |= {name: None if value is None else str(value) for name, value in shown.items()}
        parts["more"] = [str(reason) for reason in error.more]
        parts["what"] = error.what
    return json.dumps(parts).encode() + b"\n"


def decode(text: bytes) -> errors.NeuromorphError:
    """The first error that was written; its traceback is the cause, for ``--debug``.

    An error of ours keeps its class; any other becomes a BackendError.
    """
    parts = json.loads(text.split(b"\n", 1)[0])
    kind, cause = parts.pop("kind"), RemoteError(parts.pop("traceback"))
    error = _class_of(kind)(**parts)
    error.__cause__ = cause
    return error


def was_ours(text: bytes) -> bool:
    """Whether the first error that was written is of a class of ours."""
    kind = getattr(errors, str(json.loads(text.split(b"\n", 1)[0])["kind"]), None)
    return isinstance(kind, type) and issubclass(kind, errors.NeuromorphError)


def _class_of(kind: str) -> type[errors.NeuromorphError]:
    if kind == "MemoryError":
        return errors.MemoryBudgetError
    found = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, errors.NeuromorphError):
        return found
    return errors.BackendError
