"""The float model that a bundle was made from, found again by its path and checksums."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from neuromorph.bundle import Bundle
from neuromorph.bundle.whole import WholeBundle
from neuromorph.errors import UnsupportedError, UsageError
from neuromorph.files.opening import StrPath
from neuromorph.models.own import OWN

SOURCE = "source"
"""Where provenance keeps the path, as it was given to export."""


def original_path(
    bundle: WholeBundle, model: StrPath | None = None, option: str = "model"
) -> Path:
    """Where the model lies: as it is named, or as it was when the bundle was made.

    Raises
    ------
    UsageError
        If it is not named, and not where it was.
    """
    noted = bundle.provenance.get(SOURCE)
    path = Path(model) if model is not None else Path(noted) if isinstance(noted, str) else None
    if path is None or (model is None and not path.exists()):
        raise UsageError("the model that the bundle was made from is not where it was",
                         where=bundle.path, found=f"no {noted}" if noted else "no path in it",
                         hint=f"name it with --{option} (in Python {option}=)")
    return path


def load_original(
    bundle: WholeBundle, model: StrPath | None = None, option: str = "model"
) -> tuple[Any, Any]:
    """The float model of a bundle, with its head, and its tokenizer.

    Parameters
    ----------
    bundle : WholeBundle
    model : path, optional
        Where it was when the bundle was made, if left out.
    option : str
        What a person calls it by.

    Raises
    ------
    UsageError
        If it is not there, or is another one, by the checksums of its files.
    UnsupportedError
        If it has names of a person's own.
    MissingExtraError
        Without torch and transformers.
    InputError
        If it cannot be read.
    """
    if bundle.family == OWN:
        raise UnsupportedError("a model of your own does not run as transformers' do",
                               where=bundle.path, hint="hold it against its bundle by `neuromorph "
                               "evaluate --text FILE.npz`")
    path = original_path(bundle, model, option)
    from neuromorph.huggingface.loading import load_model, open_weights
    from neuromorph.models.source import digests

    with closing(open_weights(path)) as weights:
        check_same(bundle, digests(weights.files), path)
    return load_model(path, causal=bundle.model.causal)


def check_same(bundle: WholeBundle | Bundle, found: dict[str, Any], path: Path) -> None:
    """Refuse other files than a bundle was made from, by checksums alone: names may be others.

    Raises
    ------
    UsageError
    """
    noted = bundle.provenance.get("files")
    if not isinstance(noted, dict):
        return
    sums = {_sum(entry) for entry in noted.values()}
    other = [name for name, entry in found.items() if _sum(entry) not in sums]
    if other:
        raise UsageError("this is not the model that the bundle was made from", where=path,
                         found=f"{other[0]} with another checksum",
                         expected=", ".join(sorted(noted)))


def _sum(entry: object) -> object:
    return entry.get("sha256") if isinstance(entry, dict) else None
