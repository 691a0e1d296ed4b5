"""What worked, but badly, and what to do about it: said where it happens, kept in the bundle."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.errors import NeuromorphWarning
from neuromorph.shapes import Num
from neuromorph.translate.code import LayerCode
from neuromorph.translate.fidelity import HeadFidelity
from neuromorph.translate.outliers import Outliers
from neuromorph.translate.samples import Sample

WARNINGS = "warnings"
"""Where a bundle's provenance keeps them."""

DATA = "calibration data"

FEW_TOKENS = 256
"""Fewer than these leave a model's ranges and windows to chance."""

FEW_KINDS = 4
"""Different tokens, as the letters of DNA; text of fewer says one thing over and over."""

SHORT = 2
"""Passages so many times shorter than the slots say little about the last of them."""

SAME = 1e-6
"""Relative difference of values that are one but for rounding."""

UNKNOWN = 0.05
"""Share of tokens that a tokenizer may not know."""

LONG_PERIOD_NATS = 70.0
"""A head's period covers some 15 nats; one that covers more than this follows an outlier."""

LOW_COSINE = 0.9
"""Below this a head's context points elsewhere."""

LOW_MEAN = 0.98
"""Below this the mean over all heads is poor."""

BETWEEN = {"neuromorph", "torch", "transformers", "accelerate", "contextlib"}
"""Packages that stand between a warning and the line that a user wrote."""


@dataclass(frozen=True)
class Caution:
    """One remark.

    Attributes
    ----------
    kind : str
        A word for machines, for instance ``"short-passages"``.
    where : str
        The layer or head that shows it most, or what it is about.
    text : str
        A sentence: what was found, and the remedy.
    """

    kind: str
    where: str
    text: str

    def __str__(self) -> str:
        return self.text

    def as_dict(self) -> dict[str, str]:
        """Plain values, for JSON."""
        return asdict(self)


def of_data(samples: Mapping[str, Sequence[Sample]], slots: int | None) -> list[Caution]:
    """Too little calibration data, or constant, or passages too short for the slots asked for."""
    first = next(iter(samples.values()))
    return [*of_lengths([sample.keys.shape[1] for sample in first], slots,
                        sum(sample.queries.shape[1] for sample in first)),
            *of_sameness({name: [sample.values for sample in seen]
                          for name, seen in samples.items()})]


def of_sameness(values: Mapping[str, Sequence[Annotated[Num, "..."]]]) -> list[Caution]:
    """Layers in which every token has one value, or every sequence the same: constant data.

    Parameters
    ----------
    values : mapping of layer to arrays, shape (kv_heads, tokens, size)
        One a sequence; values, which no position turns.
    """
    same = {name: _said_once(each) for name, each in values.items()}
    found = {name: what for name, what in same.items() if what}
    if not found:
        return []
    where = next(iter(found))
    some = f"in {_some(len(found), 'layer')} of {len(same)} " if len(same) > 1 else ""
    return [Caution("constant-data", where,
                    f"{some}{found[where]} ({where}): all zeros, perhaps, or one input over and "
                    "over. Ranges, centres and windows are of that alone. Give data like that "
                    "which will run")]


def _said_once(each: Sequence[NDArray[Any]]) -> str:
    """What is the same everywhere; "" if nothing is."""
    first = each[0][:, :1]
    if sum(array.shape[1] for array in each) > 1 and all(
            np.allclose(array, first, rtol=SAME, atol=0) for array in each):
        return "all tokens have the same value"
    if len(each) > 1 and all(np.array_equal(array, each[0]) for array in each):
        return f"all {len(each)} sequences are the same"
    return ""


def of_lengths(lengths: Sequence[int], slots: int | None, tokens: int) -> list[Caution]:
    """The same of the lengths of passages, and of how many tokens they have together."""
    longest, found = max(lengths), []
    if tokens < FEW_TOKENS:
        found.append(Caution(
            "few-tokens", DATA,
            f"only {tokens} tokens to calibrate on: ranges and windows are left to chance. "
            f"Give {FEW_TOKENS} or more, of text like that which will run"))
    if slots is not None and SHORT * longest < slots:
        found.append(Caution(
            "short-passages", DATA,
            f"the longest passage has {longest} tokens, far fewer than the {slots} slots: scores "
            "grow with distance, so that longer contexts will be forced. Give passages as long "
            f"as those that will run, or {longest} slots"))
    return found


def of_tokens(unknown: int, different: int, tokens: int) -> list[Caution]:
    """Text that the tokenizer does not know, or that says one thing over and over."""
    found = []
    if unknown > UNKNOWN * tokens:
        found.append(Caution(
            "unknown-tokens", DATA,
            f"the tokenizer does not know {unknown} of {tokens} tokens: the text is not of the "
            "kind that the model was trained on. Give it as the model expects it (a protein "
            "model: letters apart, say)"))
    elif different < FEW_KINDS <= tokens:
        found.append(Caution(
            "repeated-tokens", DATA,
            f"{tokens} tokens, but only {different} different ones: keys and queries of others "
            "were not seen. Give text like that which will run"))
    return found


def of_held_out(held_out: bool) -> list[Caution]:
    """Fidelity that was measured on what was calibrated on."""
    if held_out:
        return []
    return [Caution("nothing-held-out", DATA,
                    "there is one sequence only: fidelity is measured on what was calibrated on, "
                    "and says nothing about other data. Give more sequences")]


def of_outliers(
    found: Mapping[str, Outliers], numbers: Sequence[int], count: int
) -> list[Caution]:
    """Tokens of one sequence, far beyond all others, that every layer's calibration left out.

    ``numbers`` says which of the ``count`` sequences that the user gave calibration saw, from 0.
    """
    cut = {name: outliers for name, outliers in found.items() if outliers.tokens}
    if not cut:
        return []
    where = max(cut, key=lambda name: cut[name].factor)
    worst, total = cut[where], sum(outliers.tokens for outliers in cut.values())
    number = f"{numbers[worst.sample] + 1} of {count}"
    some = f"{total} quer{'y or key' if total == 1 else 'ies or keys'}, counted in all layers,"
    return [Caution("outlier", where,
                    f"{some} of single sequences lie far beyond what all others show, in sequence "
                    f"{number} {worst.factor:.3g} times as far ({where}): ranges leave "
                    "them out, and such values will be clipped. Look at that sequence")]


def of_periods(codes: Mapping[str, LayerCode]) -> list[Caution]:
    """Heads that take far more steps a query than softmax needs."""
    periods = {f"{name}.{h}": (head.period, head.period * code.step_nats)
               for name, code in codes.items() for h, head in enumerate(code.heads)}
    long = {name: steps for name, (steps, nats) in periods.items() if nats > LONG_PERIOD_NATS}
    if not long:
        return []
    where = max(long, key=lambda name: long[name])
    usual = median(steps for steps, _ in periods.values())
    return [Caution("long-periods", where,
                    f"{_some(len(long), 'head')} of {len(periods)} take up to {long[where]} steps "
                    f"a query ({where}; the median is {usual:g}): a few scores lie far from all "
                    "others. Look for an outlier in the data, or calibrate on more of it")]


def of_fidelity(fidelity: Sequence[HeadFidelity]) -> list[Caution]:
    """Heads whose context is far from the float model's."""
    low = [head for head in fidelity if not head.cosine >= LOW_COSINE]
    mean = sum(head.cosine for head in fidelity) / len(fidelity)
    if not low and mean >= LOW_MEAN:
        return []
    worst = min(fidelity, key=lambda head: head.cosine)
    where = f"{worst.layer}.{worst.head}"
    return [Caution("low-cosine", where,
                    f"{_some(len(low), 'head')} of {len(fidelity)} below a cosine of {LOW_COSINE} "
                    f"to float attention, the worst {worst.cosine:.3f} ({where}), the mean "
                    f"{mean:.3f}. Calibrate on more data like that which will run; or use "
                    "graded spikes, or fewer slots")]


def _some(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def noted(provenance: Mapping[str, Any], found: Sequence[Caution]) -> dict[str, Any]:
    """Provenance with the remarks in it, as a bundle keeps them."""
    return {**provenance, WARNINGS: [caution.as_dict() for caution in found]} if found else {
        **provenance}


def read(provenance: Mapping[str, Any]) -> tuple[Caution, ...]:
    """The remarks that provenance holds; what is not of their form is left out."""
    rows = provenance.get(WARNINGS, ())
    names = [field.name for field in fields(Caution)]
    return tuple(Caution(*(str(row[name]) for name in names))
                 for row in (rows if isinstance(rows, list | tuple) else ())
                 if isinstance(row, Mapping) and row.keys() == set(names))


def warn(found: Iterable[Caution]) -> None:
    """Tell whoever runs this, by Python's warnings, at their own line."""
    for caution in found:
        warnings.warn(str(caution), NeuromorphWarning, stacklevel=1 + _depth())


def _depth() -> int:
    """Frames from the caller of this to the first that is neither ours nor the model's."""
    frame, depth = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in BETWEEN:
        frame, depth = frame.f_back, depth + 1
    return depth - 1
