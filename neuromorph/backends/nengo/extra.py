"""What must be installed before anything of Nengo can be imported."""

from __future__ import annotations

import warnings
from importlib import import_module

from neuromorph.errors import MissingExtraError

INSTALL = "pip install 'neuromorph[nengo]'"


def require(package: str) -> None:
    """Import a package of the extra ``nengo``, quietly.

    nengo-loihi warns that it was never tried with this nengo; here it was.

    Raises
    ------
    MissingExtraError
        With the line that installs it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import_module(package)
        except ImportError as error:
            raise MissingExtraError(f"{package} cannot be imported: {error}",
                                    hint=f"run: {INSTALL}") from error

