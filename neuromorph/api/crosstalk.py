"""Cross-talk: how much each head of a bundle loses where its slots mix, as analogue ones might.

A stress test. Digital slots do not mix, and nothing here is a circuit: keys and values are mixed
in float, before codes are made of them, and compared with float attention without mixing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.seed import check_seed
from neuromorph.api.simulate import samples_of
from neuromorph.api.simulate_memories import told
from neuromorph.bundle import Bundle, load_bundle
from neuromorph.errors import UsageError
from neuromorph.files.arrays import load_arrays
from neuromorph.files.atomic import atomic_folder
from neuromorph.files.outputs import Output
from neuromorph.papers.token_crosstalk import mixed, mixing, spread, value_cosine
from neuromorph.progress import Progress, silent
from neuromorph.report.canvas import require_matplotlib
from neuromorph.report.crosstalk import draw_crosstalk
from neuromorph.report.text import to_json
from neuromorph.runtime import SpikingLayer
from neuromorph.shown import Shown
from neuromorph.translate import LayerCode, Sample
from neuromorph.translate.fidelity import cosines, float_attention

STRENGTHS = (0.02, 0.05, 0.1, 0.2, 0.5)
STRONGEST = 10.0

SUMMARY, PICTURE = "summary.json", "crosstalk.png"
FOLDER = Output("cross-talk", (SUMMARY, PICTURE), SUMMARY)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeadCrosstalk:
    """What mixing of one strength costs one head: cosines to float attention without mixing.

    Attributes
    ----------
    layer : str
    head : int
    strength : float
        e of K' = K + e G K, G_ij of variance 1 / slots.
    keys, centred_keys, coded_keys, values : float
        Float attention where only these mix: keys as they are, around their mean, and around the
        centre of their codes, which regression has found to make windows short.
    values_expected : float
        1 / sqrt(1 + e^2 rho^2), of the head's weights and values.
    spikes : float
        Codes of keys and values that both are mixed around their codes' centres, in spikes.
    """

    layer: str
    head: int
    strength: float
    keys: float
    centred_keys: float
    coded_keys: float
    values: float
    values_expected: float
    spikes: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


KINDS = ("keys", "centred_keys", "coded_keys", "values", "values_expected", "spikes")


@dataclass(frozen=True, repr=False)
class CrosstalkReport(Shown):
    """What mixing costs.

    Attributes
    ----------
    heads : list of HeadCrosstalk
        By strength, then layer and head; strength 0 first.
    source : dict
        Which bundle, on which inputs and backend, by which seed.
    """

    heads: list[HeadCrosstalk]
    source: Mapping[str, Any] = field(default_factory=dict)

    def curve(self) -> list[dict[str, float]]:
        """Median and worst over heads, by strength: ``keys``, ``keys_worst``, and so on."""
        found = []
        for strength in dict.fromkeys(head.strength for head in self.heads):
            here = [head for head in self.heads if head.strength == strength]
            row = {"strength": strength}
            for kind in KINDS:
                every = [getattr(head, kind) for head in here]
                row |= {kind: float(np.median(every)), f"{kind}_worst": float(min(every))}
            found.append(row)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**self.source, "curve": self.curve(),
                "heads": [head.as_dict() for head in self.heads]}


def crosstalk(
    bundle: str | os.PathLike[str] | Bundle, strengths: Sequence[float] = STRENGTHS, *,
    inputs: str | os.PathLike[str] | Mapping[str, NDArray[Any]] | None = None,
    backend: str = backends.DEFAULT, seed: int = 0, progress: Progress = silent,
) -> CrosstalkReport:
    """Mix the slots of every head, at each strength, and compare with float attention.

    Parameters
    ----------
    bundle : path or Bundle
        Of attention.
    strengths : sequence of float
        0 is measured as well: what spikes lose without mixing. At each the same slots mix.
    inputs : path of an ``.npz``, or mapping of arrays, optional
        ``queries.<i>``, ``keys.<i>``, ``values.<i>`` as of `simulate`; the bundle's own sample if
        left out.
    backend : str
    seed : int
        Which slots mix with which.
    progress : callable, optional

    Raises
    ------
    NeuromorphError
        If the bundle or the inputs are not sound, or a strength is none.
    """
    chosen = _checked(strengths)
    check_seed(seed)
    machine = backends.get(backend)
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    arrays = (load_arrays(inputs, lambda _: None)
              if isinstance(inputs, str | os.PathLike) else inputs)
    samples = loaded.samples if arrays is None else samples_of(loaded, arrays)
    found = list[HeadCrosstalk]()
    for number, (name, sample) in enumerate(samples.items()):
        progress(f"mixing {name}")
        found += _layer(name, loaded.codes[name], sample, chosen, machine.name,
                        np.random.default_rng([seed, number]))
    found.sort(key=lambda head: head.strength)  # stable: layers and heads stay in order
    return CrosstalkReport(found, {
        "bundle": str(loaded.path or "in memory"), "inputs": told(inputs),
        "backend": machine.name,
        "evidence": machine.evidence, "seed": seed})


def _checked(strengths: Sequence[float]) -> list[float]:
    wrong = [e for e in strengths if not 0 <= e <= STRONGEST]
    if wrong or not strengths:
        raise UsageError("no such strength of cross-talk", found=wrong or "none",
                         expected=f"0 to {STRONGEST:g}")
    return sorted({0.0, *map(float, strengths)})


def _layer(
    name: str, code: LayerCode, sample: Sample, strengths: Sequence[float], backend: str,
    rng: np.random.Generator,
) -> list[HeadCrosstalk]:
    slots = sample.keys.shape[1]
    gains = np.stack([[mixing(slots, rng), mixing(slots, rng)] for _ in sample.keys])
    weights, target = float_attention(sample)
    wide = np.repeat(sample.values, sample.group, axis=0)
    rho = np.stack([spread(p, v) for p, v in zip(weights, wide, strict=True)])
    seen = sample.mask.any(axis=1)
    spiking = SpikingLayer(code, backend)

    def near(contexts: NDArray[Any]) -> Floats:
        """Mean cosine by head, over queries that may look anywhere."""
        found: Floats = cosines(contexts, target)[:, seen].mean(axis=1)
        return found

    centres = (np.zeros_like(code.key_centre), sample.keys.mean(axis=1), code.key_centre)
    heads = list[HeadCrosstalk]()
    for strength in strengths:
        keys = [_mixed(sample.keys, gains[:, 0], strength, centre) for centre in centres]
        values, coded = (_mixed(sample.values, gains[:, 1], strength, centre)
                         for centre in (np.zeros_like(code.value_centre), code.value_centre))
        run = spiking.run_sample(replace(sample, keys=keys[-1], values=coded))
        rows = (*(near(float_attention(replace(sample, keys=k))[1]) for k in keys),
                near(float_attention(replace(sample, values=values))[1]),
                value_cosine(strength, rho)[:, seen].mean(axis=1),
                near(code.decode(run)[0]))
        heads += [HeadCrosstalk(name, h, strength, *map(float, row))
                  for h, row in enumerate(zip(*rows, strict=True))]
    return heads


def _mixed(rows: NDArray[Any], gains: Floats, strength: float, centres: Floats) -> Floats:
    """Of each key-value head, shape (kv_heads, slots, size)."""
    return np.stack([mixed(own.astype(np.float64), g, strength, centre)
                     for own, g, centre in zip(rows, gains, centres, strict=True)])


def save_crosstalk(
    report: CrosstalkReport, target: str | os.PathLike[str], *, force: bool = False
) -> Path:
    """Write ``summary.json`` and ``crosstalk.png``, whole or not at all.

    Raises
    ------
    OutputExistsError, WriteError, MissingExtraError
    """
    require_matplotlib()
    with atomic_folder(target, ours=FOLDER, force=force) as folder:
        draw_crosstalk(report.curve(), folder / PICTURE)
        (folder / SUMMARY).write_text(to_json(FOLDER.mark() | report.as_dict()), "utf-8")
    return Path(target)
