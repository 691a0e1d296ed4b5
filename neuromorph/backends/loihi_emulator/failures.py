"""nengo-loihi's exceptions and assertions as our errors, with their own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import extract_tb

from neuromorph.errors import BackendError


@contextmanager
def told_by_nengo_loihi(what: str, hint: str | None = None) -> Iterator[None]:
    """Raise whatever goes wrong inside as ``nengo-loihi {what}: {its own text}``.

    Raises
    ------
    BackendError
    """
    try:
        yield
    except Exception as error:
        # an assertion may have no words, but it has a line
        text = str(error) or str(extract_tb(error.__traceback__)[-1].line)
        raise BackendError(f"nengo-loihi {what}: {type(error).__name__}: {text}",
                           hint=hint) from error
