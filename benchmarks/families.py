"""Families of models that attach, and why others do not: tiny ones of random weights.

Writes `docs/families.md`. A family runs if its outputs in graded spikes are close to its own, all
of its attention is in spikes, and as many queries are counted as an independent count finds.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.zoo import FAMILIES, HEADS, Family

PAGE = Path(__file__).parent.parent / "docs" / "families.md"
CLOSE = 0.99
FAR = 0.3
"""Nats that logits must spread by: where attention is uniform closeness says nothing."""

SLOTS = 256
"""Room for the longest of all sequences: patches of a Swin's image."""


def measure() -> dict[str, Any]:
    rows = {name: row_of(name, family) for name, family in FAMILIES.items()}
    PAGE.write_text(page(rows), "utf-8")
    return {"families": len(rows), "run": sum("cosine" in row for row in rows.values()),
            "rows": rows}


def row_of(name: str, family: Family) -> dict[str, Any]:
    """Cosine, queries and what reaches the attention; or ``refused`` with the reason."""
    import torch

    import neuromorph
    from neuromorph import NeuromorphError, NeuromorphWarning, TranslateOptions

    model, inputs = family.build(name), family.inputs()
    own, rows = counted(model, inputs)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NeuromorphWarning)
            spiking = neuromorph.attach(model, inputs, options=TranslateOptions(slots=SLOTS))
    except NeuromorphError as error:
        return {"refused": str(error)}
    with torch.no_grad():
        mine = outputs(model(**inputs), inputs)
    report = spiking.report()
    spiking.detach()
    left = [f"{e['module']} ({e['class']})" for e in report["float_modules"]]
    left += [f"{e['module']} (lost at {e['lost_at']})" for e in report["uncaught"]]
    if left:
        return {"refused": f"part of its attention stays in float: {', '.join(left)}"}
    return {"cosine": closeness(mine, own), "queries": report["queries"], "counted": rows,
            "layers": report["layers"], "way": report["way"],
            "spread": spread(spiking.samples)}


def spread(samples: Mapping[str, Any]) -> float:
    """Standard deviation of the logits that a query sees, in nats; the median over heads."""
    return float(np.median([np.nanmedian(np.nanstd(np.where(
        sample.mask, sample.logits(head, np.zeros(sample.keys.shape[2])), np.nan), axis=1))
        for sample in samples.values() for head in range(len(sample.queries))]))


def outputs(said: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Hidden states of a pass, by name; padded positions are left out."""
    import torch

    found = {name: value for name, value in said.items()
             if isinstance(value, torch.Tensor) and value.dim() >= 3 and value.is_floating_point()}
    mask = inputs.get("attention_mask")
    return {name: value[mask.bool()] if mask is not None and value.shape[:2] == mask.shape
            else value.flatten(0, -2) for name, value in found.items()}


def closeness(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    """The lowest over outputs of the mean cosine of their vectors; such as are 0 are left out."""
    from torch.nn.functional import cosine_similarity

    return min(float(cosine_similarity(mine[k].float(), theirs[k].float(), dim=-1)[
        theirs[k].abs().sum(-1) > 0].mean()) for k in theirs)


def counted(model: Any, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """What a float model says, and how many rows of weights its softmaxes made.

    Of softmaxes those of four dimensions or more count, and those of three of which the first is
    batch times heads: a router's over experts is none.
    """
    import torch

    merged = HEADS * len(next(iter(inputs.values())))

    class Rows(torch.overrides.TorchFunctionMode):
        rows = 0

        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            out = func(*args, **(kwargs or {}))
            name = func.__name__
            if name == "scaled_dot_product_attention" or (
                    name == "softmax" and (out.dim() > 3 or out.shape[0] == merged)):
                self.rows += out.numel() // out.shape[-1]
            elif name == "multi_head_attention_forward":
                self.rows += out[0].numel() // args[3] * args[4]
            return out

    with torch.no_grad(), Rows() as rows:
        said = outputs(model(**inputs), inputs)
    return said, rows.rows


def page(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """`docs/families.md`."""
    runs = {name: row for name, row in rows.items() if "cosine" in row}
    lines = [HEAD.format(run=len(runs), all=len(rows)),
             "| family | cosine | spread of logits, nats | queries | counted | layers | by |",
             "|---|---|---|---|---|---|---|"]
    lines += [line_of(name, row) for name, row in sorted(runs.items())]
    lines += ["", "## Refused, or in part", "", "| family | why | what `attach` says |",
              "|---|---|---|"]
    lines += [line_of(name, row) for name, row in sorted(rows.items()) if name not in runs]
    return "\n".join([*lines, ""])


def line_of(name: str, row: Mapping[str, Any]) -> str:
    """One family of the page."""
    if "refused" in row:
        return f"| {name} | {REASONS.get(name, '')} | {row['refused']} |"
    return (f"| {name} | {row['cosine']:.4f} | {row['spread']:.1f} | {row['queries']} | "
            f"{row['counted']} | {row['layers']} | {row['way']} |")


REASONS = {
    "fnet": "no attention: it mixes tokens by a Fourier transform",
    "led": "its encoder's is Longformer's",
    "longformer": "scores in overlapping chunks that share memory, summed where they overlap",
    "mamba": "no attention: a state space",
    "mra": "an approximation of softmax by blocks, in a kernel of its own",
    "pegasus_x": "its encoder softmaxes local and global scores together, from two products",
    "reformer": "tokens hashed and sorted, and softmaxes of chunks joined by their logarithms",
}
"""Why, in our words."""

HEAD = """# Families of models that attach

Written by `python -m benchmarks families`. Of {all} families {run} run. Each is a tiny model of
transformers' own class, two layers or so of width 64, with random weights so large that attention
is far from uniform and with random tables of position biases (`benchmarks/zoo.py`). It is attached
with graded spikes, calibrated on the data that it is then run on, and its outputs are held against
its own: the mean cosine of their vectors. *Queries* is what the attachment counts, *counted* what a
count of the float model's softmax rows finds. *By*: transformers' attention interface, or hooks.
Mixtures of experts use all of them: a choice of experts jumps where attention moves a little.
"""
