"""A trained model and what it is calibrated on, as the translation of a whole model wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.collect import HELD_OUT, is_media
from neuromorph.api.original import SOURCE
from neuromorph.bundle.whole import Text
from neuromorph.errors import CalibrationError, UsageError
from neuromorph.models import Naming
from neuromorph.models.config import read_config
from neuromorph.models.door import CONFIG_NAME
from neuromorph.models.licence import licence_of
from neuromorph.progress import Progress, silent
from neuromorph.shown import Shown
from neuromorph.translate import Caution, cautions
from neuromorph.translate.transformer import FloatTransformer
from neuromorph.translate.transformer.windows import MOST, windows_of

LICENCE = "licence"

_SPEAKING = ("ForCausalLM", "LMHeadModel")
"""How classes of language models are called."""


@dataclass(frozen=True, eq=False, repr=False)
class Source(Shown):
    """What a whole export starts from.

    Attributes
    ----------
    floats : FloatTransformer
    sequences : list of array
        Calibration data: numbers of tokens, or patches.
    text : Text, optional
    provenance : dict
        The model's files and their checksums, its licence, and what it is calibrated on.
    notes : tuple of str
    cautions : sequence of Caution
    """

    floats: FloatTransformer
    sequences: Sequence[NDArray[Any]]
    text: Text | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    cautions: Sequence[Caution] = ()

    def divide(self, seed: int) -> tuple[list[NDArray[Any]], NDArray[Any] | None]:
        """Sequences to calibrate on, and one to measure on: none of a single one."""
        if len(self.sequences) == 1:
            return list(self.sequences), None
        order = np.random.default_rng(seed).permutation(len(self.sequences)).tolist()
        held = set(order[: max(1, len(order) // HELD_OUT)])
        longest = max(held, key=lambda n: (len(self.sequences[n]), -n))
        return ([one for n, one in enumerate(self.sequences) if n not in held],
                self.sequences[longest])

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence."""
        return max(map(len, self.sequences))


def read_source(
    model: Path, calibrate: Path | None, slots: int | None, progress: Progress = silent,
    naming: Naming | None = None,
) -> Source:
    """Read a model and its calibration data.

    Parameters
    ----------
    model : path
        A Hugging Face folder or ``.gguf`` file; a model of a person's own; the digits model.
    calibrate : path, optional
        UTF-8 text, one passage a line; tokens (``.npz``) for a model of a person's own. The
        digits model brings its own images, or takes an ``.npz`` of them.
    slots : int, optional
        Tokens that heads shall remember: passages are as long where that is beyond the usual.
    progress : callable, optional
    naming : Naming, optional
        Of a model of a person's own.

    Raises
    ------
    UsageError
        Without text.
    MissingExtraError, InputError
    """
    from neuromorph.api.digits_source import digits_source, is_digits
    from neuromorph.api.own_whole import is_own, own_source

    if naming is None and is_digits(model):
        progress(f"reading {model.name}")
        return digits_source(model, calibrate)
    if is_own(model, naming):
        return own_source(model, calibrate, naming, progress)
    if calibrate is None:
        raise UsageError("a whole model is calibrated on text", where=model,
                         hint="give --calibrate FILE.txt, one passage a line (in Python "
                         "calibrate=); of a ViT, a folder of images")
    if is_media(model, calibrate):
        progress(f"reading {model.name}")
        return _of_images(model, calibrate)
    from neuromorph.huggingface.loading import as_error, load_model, open_weights, quietly
    from neuromorph.huggingface.recording import TOKENS, counted_tokens, tokenised
    from neuromorph.huggingface.text_files import text_of
    from neuromorph.huggingface.texts import check_ids, read_passages
    from neuromorph.huggingface.whole import float_transformer
    from neuromorph.models.source import digests

    passages = read_passages(calibrate)
    progress(f"reading {model.name}")
    with closing(open_weights(model)) as weights:
        files = digests(weights.files)
    loaded, tokenizer = load_model(model, causal=speaks(model))
    floats = float_transformer(loaded)
    text, found = text_of(tokenizer, loaded)
    longest = max(TOKENS, slots or TOKENS)
    if floats.causal:
        passages = [f"{passage}\n" for passage in passages]
    with quietly(), as_error(CalibrationError, "the text does not fit the model", model):
        batches = tokenised(loaded, tokenizer, passages, longest)
        if not batches:
            raise CalibrationError("the text holds no tokens", where=calibrate)
        check_ids(loaded, batches, model)
    sequences = [batch["input_ids"][0].numpy() for batch in batches]
    sequences, used = windows_of(
        sequences, min(longest, floats.positions) if floats.causal else 1, max(MOST, longest))
    provenance = {"model": model.name, SOURCE: str(model.resolve()), "files": files,
                  LICENCE: licence_of(model),
                  "calibration": f"{used} passages, {calibrate.name}"}
    return Source(floats, sequences, text, provenance, (), [
        *found, *cautions.of_tokens(*counted_tokens(tokenizer, batches))])


def _of_images(model: Path, data: Path) -> Source:
    from neuromorph.huggingface.media.whole import whole_images

    floats, patches, files = whole_images(model, data)
    provenance = {"model": model.name, SOURCE: str(model.resolve()), "files": files,
                  LICENCE: licence_of(model), "calibration": f"{len(patches)} images, {data.name}"}
    return Source(floats, patches, provenance=provenance)


def speaks(model: Path) -> bool:
    """Whether a folder's configuration names a language model, or nothing; GGUF files hold such.

    Raises
    ------
    InputError
    """
    if not model.is_dir():
        return True
    config = read_config(model / CONFIG_NAME)
    return not config.has("architectures") or any(
        name.endswith(_SPEAKING) for name in config.texts("architectures"))
