"""What a text brings to the memories of a Hugging Face model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from neuromorph.dynamics.gated_delta import DeltaSample
from neuromorph.huggingface.delta_spikes import recorded
from neuromorph.huggingface.recording import counted_tokens
from neuromorph.huggingface.texts import SAMPLE_BYTES, running_text, some_only
from neuromorph.translate import Caution, cautions


class MemoryText(NamedTuple):
    """Samples of all layers, one a passage, and where they are from.

    Attributes
    ----------
    family : str
    samples : dict of layer name to list of DeltaSample
        Arrays of shape (1, heads, tokens, …).
    provenance : dict
    notes : tuple of str
    cautions : list of Caution
    """

    family: str
    samples: Mapping[str, Sequence[DeltaSample]]
    provenance: Mapping[str, Any]
    notes: tuple[str, ...]
    cautions: list[Caution]


def collect_memory_text(model_path: Path, text_path: Path) -> MemoryText:
    """Run a text through a model, passage by passage, and keep what its memories are sent.

    Parameters
    ----------
    model_path : path
        A folder as `save_pretrained` writes it, with safetensors.
    text_path : path
        UTF-8, one passage a line.

    Raises
    ------
    MissingExtraError, InputError, UnsupportedError
    """
    with running_text(model_path, text_path) as read:
        model, batches = read.model, read.batches
        first = recorded(model, batches[:1])
        step = _step(first, batches)
        chosen = batches[::step]
        others = recorded(model, chosen[1:]) if len(chosen) > 1 else {}
    samples = {name: [*seen, *others.get(name, ())] for name, seen in first.items()}
    notes = () if step == 1 else (some_only(len(chosen), len(batches)),)
    return MemoryText(
        str(model.config.model_type), samples,
        {"model": model_path.name, "files": read.files,
         "calibration": f"{len(chosen)} passages, {text_path.name}"},
        notes, cautions.of_tokens(*counted_tokens(read.tokenizer, chosen)))


def _step(
    first: Mapping[str, Sequence[DeltaSample]], batches: Sequence[Mapping[str, Any]]
) -> int:
    """Every second, third, … passage is taken where more do not fit in `SAMPLE_BYTES`."""
    held = sum(sample.queries.nbytes + sample.keys.nbytes + sample.values.nbytes
               for seen in first.values() for sample in seen)
    lengths = [int(batch["input_ids"].shape[1]) for batch in batches]
    return next(n for n in count(1) if n >= len(batches)
                or held / lengths[0] * sum(lengths[::n]) <= SAMPLE_BYTES)
