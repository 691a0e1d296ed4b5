"""The two models of an evaluation: of a bundle and where it came from, or attached ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromorph.api.collect import DIGITS
from neuromorph.api.digits_source import digits_original
from neuromorph.api.evaluation.figures import Kind
from neuromorph.api.evaluation.sides import FloatNumpy, FloatTorch, Integers, Side, Spiking
from neuromorph.api.evaluation.windows import LENGTH
from neuromorph.api.original import load_original, original_path
from neuromorph.api.own_whole import own_original
from neuromorph.api.tokens import tokens_of
from neuromorph.bundle import Bundle
from neuromorph.bundle.kinds import AnyBundle, load_any
from neuromorph.bundle.memories import MemoriesBundle
from neuromorph.bundle.whole import WholeBundle
from neuromorph.circuits.transformer.numbers import Read
from neuromorph.errors import UsageError
from neuromorph.files.opening import StrPath
from neuromorph.models.own import OWN
from neuromorph.parallel.journal import digest_of
from neuromorph.shown import Shown
from neuromorph.translate.transformer.digits import digits_transformer


def in_python(bundle: Bundle | MemoriesBundle) -> str:
    """How a bundle is held against a model that no command can run."""
    given = "BUNDLE" if bundle.path is None else str(bundle.path)
    return (f"a PyTorch model of your own runs in Python alone: neuromorph.attach(model, "
            f'"{given}"), model(x), detach(), model(x) again')


def _no_text(_: str) -> Sequence[int]:
    raise UsageError("this model has no tokenizer, and takes no text",
                     hint="give --text FILE.npz with tokens (in Python text=)")


@dataclass(frozen=True, eq=False, repr=False)
class Models(Shown):
    """Two models that are asked the same, and how text becomes tokens of theirs.

    Attributes
    ----------
    ours, floats : Side
    kind : str
        What they answer with.
    slots : int
        Tokens that heads remember.
    positions : int, optional
        Tokens that a sequence may have.
    encode : callable
    """

    ours: Side
    floats: Side
    kind: Kind
    slots: int = 0
    positions: int | None = None
    encode: Callable[[str], Sequence[int]] = _no_text


@dataclass(frozen=True)
class Where:
    """Models on disk, to be loaded by whichever process needs them.

    Attributes
    ----------
    bundle : Path
    against : Path, optional
    stamp : str
        Digest of both: of other content, it is another.
    """

    bundle: Path
    against: Path | None
    stamp: str

    def __call__(self) -> Models:
        """Load them."""
        return models_of(load_any(self.bundle), self.against)


def models_of(
    bundle: AnyBundle, against: StrPath | None, *, asked: bool = True
) -> Models:
    """A bundle, and the float model that it was made from.

    Parameters
    ----------
    bundle : WholeBundle, Bundle or MemoriesBundle
    against : path, optional
    asked : bool
        Whether they will be asked here. If not, the float model of a whole one is not loaded:
        other processes load it for themselves.

    Raises
    ------
    UsageError, InputError
        If there is nothing to compare, or the float model is not there, or another one.
    """
    if isinstance(bundle, Bundle | MemoriesBundle):
        return _inside(bundle, against)
    if is_digits(bundle):
        floats = digits_transformer(digits_original(bundle, against))
        return Models(Integers(bundle), FloatNumpy(floats), "classes")
    return _whole(bundle, against, asked=asked)


def is_digits(bundle: WholeBundle) -> bool:
    """Whether it is the digits model, which brings its own images, and has no text."""
    return bundle.family == DIGITS


def source_digest(bundle: AnyBundle, against: StrPath | None) -> str:
    """Of the float model's files; a bundle of a whole model is made of one, and knows which."""
    if isinstance(bundle, WholeBundle) or against is None:
        return "as in the bundle"
    from neuromorph.huggingface.loading import open_weights
    from neuromorph.models.source import digests

    with closing(open_weights(Path(against))) as weights:
        found = digests(weights.files)
    return digest_of([f"{name} {found[name]}" for name in sorted(found)])


def models_of_attached(attachment: Any, tokenizer: Any) -> Models:
    """A model with attention in spikes, and itself without."""
    from neuromorph.huggingface.loading import quietly
    from neuromorph.huggingface.recording import positions

    def encode(text: str) -> Sequence[int]:
        with quietly():
            return list(tokenizer(text)["input_ids"])

    model = attachment.model
    slots = _slots(attachment)
    language = model.get_output_embeddings() is not None
    read: Read = "each" if language else "mean"
    return Models(Spiking(attachment, read), FloatTorch(model, read),
                  "language" if language else "encoder", slots,
                  min(slots, positions(model) or slots), encode)


def _slots(attachment: Any) -> int:
    """Tokens that attention remembers; memories fade, and take texts of any length."""
    codes = getattr(attachment, "codes", {})
    return min((code.shared.slots for code in codes.values()), default=LENGTH)


def _whole(bundle: WholeBundle, against: StrPath | None, *, asked: bool) -> Models:
    model = bundle.model
    language = model.head.read == "each" and model.head.dense is not None
    if model.head.read == "each" and not language:
        raise UsageError("a model that ends before its head has no answer to compare",
                         where=bundle.path, hint="export all of it, without --partial")
    encode = _no_text if bundle.text is None else tokens_of(bundle).encode
    return Models(Integers(bundle), _floats(bundle, against, asked=asked),
                  "language" if language else "encoder", model.slots, model.positions, encode)


def _floats(bundle: WholeBundle, against: StrPath | None, *, asked: bool) -> Side:
    if bundle.family == OWN:
        return FloatNumpy(own_original(bundle, against))
    original_path(bundle, against, "against")
    return FloatTorch(load_original(bundle, against, "against")[0] if asked else None,
                      bundle.model.head.read)


def _inside(bundle: Bundle | MemoriesBundle, against: StrPath | None) -> Models:
    """What runs inside of its float model."""
    what = "memories" if isinstance(bundle, MemoriesBundle) else "attention"
    if against is None:
        raise UsageError(f"a bundle of {what} is evaluated inside its model",
                         where=bundle.path, hint="name the model with --against (in Python "
                         f"against=); {in_python(bundle)}")
    from neuromorph.huggingface.attachment import attach
    from neuromorph.huggingface.loading import load_model

    causal = isinstance(bundle, MemoriesBundle) or bundle.causal
    model, tokenizer = load_model(Path(against), causal=causal)
    attachment = attach(model, bundle)
    attachment.detach()
    return models_of_attached(attachment, tokenizer)
