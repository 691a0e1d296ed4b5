"""A run of a block in numbers and words: by stage, what is proved, what was cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromorph.api.circuits.block_run import BlockRun
from neuromorph.circuits.block.stages import Row
from neuromorph.circuits.hebbian_attention import WRITE_STEPS
from neuromorph.compile.ranges.proof import RangeProof
from neuromorph.network import Projection
from neuromorph.neurons.gate import Gate
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.residual import Residual
from neuromorph.neurons.rotary import Rotary
from neuromorph.neurons.scale import Scale
from neuromorph.neurons.unit_residual import UnitResidual
from neuromorph.neurons.value_side import ValueSide
from neuromorph.translate import Caution

CLIPPING = (Requantise, Rotary, ValueSide, Scale, Residual, UnitResidual, Gate)
"""Models whose payload stands for a number, and is cut off at a limit."""


def numbers_of(run: BlockRun, proof: RangeProof) -> dict[str, Any]:
    """All that a summary says of a run whose numbers are those of the closed form."""
    stages = [_stage(run, stage, span)
              for stage, span in zip(run.stages, run.spans()[-1], strict=True)]
    return {
        "equal_to_closed_form": True, "tokens": run.tokens, "period_steps": run.block.period,
        "latency_steps": run.latency, "steps_a_token": run.gap,
        "tokens_a_period": 1 / run.apart, "tokens_at_once_at_most": 1 + run.latency // run.gap,
        "steps": len(next(iter(run.spikes.values()))),
        **{name: sum(stage[name] for stage in stages)
           for name in ("populations", "neurons", "synapses", "spikes")},
        "spikes_a_token": round(sum(stage["spikes"] for stage in stages) / run.tokens, 1),
        "forced_match_spikes": _forced(run), "payloads_at_their_limit": sum(
            stage["at_limit"] for stage in stages),
        "proved_by_rules_of_circuits": dict(Counter(c.split()[0] for c in proof.circuits)),
        "bounds": dict(Counter(bound.status for bound in proof.bounds)),
        "stages": stages}


def sentences_of(numbers: Mapping[str, Any]) -> tuple[str, ...]:
    """What happened, in words."""
    rules = sum(numbers["proved_by_rules_of_circuits"].values())
    many = numbers["tokens_at_once_at_most"]
    bounds, cut = numbers["bounds"], numbers["bounds"].get("saturates", 0)
    return (
        (f"{numbers['tokens']} tokens went through the block as spikes; queries, keys, values, "
         "contexts, both residuals and the hidden vector equal the closed form, to the bit."),
        (f"A token leaves {numbers['latency_steps']} steps after it came, and the next comes "
         f"{numbers['steps_a_token']} steps after it: "
         + (f"up to {many} are on their way at once." if many > 1 else "one after another.")),
        (f"No sum can overflow, whatever R is: {rules} parts by the rules of their circuits, all "
         f"else by {sum(bounds.values())} bounds, of which {cut} are neurons' own cut-offs."))


def cautions_of(run: BlockRun) -> tuple[Caution, ...]:
    """What was cut off, if anything was."""
    cut = [(count, limit_of(run, name), name) for row in run.rows for name in row.populations
           if (count := at_limit(run, row, name))]
    if not cut:
        return ()
    count, limit, worst = max(cut)
    return (Caution(
        "payloads-at-limit", worst,
        f"{count} of {run.tokens * run.sizes[worst]} payloads of {worst} reached their limit of "
        f"{limit:,}, where what is beyond is cut off; {sum(each for each, *_ in cut)} in all. The "
        "integers are right, but stand for less than they should: leave codes more room, or "
        "payloads more bits"),)


def limit_of(run: BlockRun, population: str) -> int:
    """The payload beyond which a number is cut off; 0 of neurons that cut off none."""
    model = run.network.population(population).model
    return int(model.limit) if isinstance(model, CLIPPING) else 0


def at_limit(run: BlockRun, row: Row, population: str) -> int:
    """Payloads of all tokens that are as large as their neuron sends any."""
    limit = limit_of(run, population)
    return sum(int(np.count_nonzero(np.abs(run.of(row, population, token)) >= limit))
               for token in range(run.tokens) if limit)


def _stage(run: BlockRun, stage: str, span: NDArray[np.int64]) -> dict[str, Any]:
    """One row; the steps are those of the last token, after its R."""
    rows = [row for row in run.rows if row.stage == stage]
    names = {name for row in rows for name in row.populations}
    first, last = span - (run.tokens - 1) * run.gap
    return {
        "stage": stage, "speaks_in_steps": "none" if span[0] < 0 else f"{first} to {last}",
        "populations": len(names),
        "neurons": sum(run.sizes[name] for name in names),
        "synapses": sum(synapses_of(p) for p in run.network.projections if p.post in names),
        "spikes": sum(int(np.count_nonzero(spoken)) for row in rows
                      for spoken in run.of_all(row)),
        "at_limit": sum(at_limit(run, row, name) for row in rows for name in row.populations)}


def synapses_of(projection: Projection) -> int:
    """Those with a weight, and those that may get one."""
    weights = projection.weights
    return int(weights.size if projection.rule is not None else np.count_nonzero(weights))


def _forced(run: BlockRun) -> int:
    """Match spikes that only the go pulse at a window's end brought about, or that came with it."""
    found = 0
    for n, head in enumerate(run.block.heads):
        at = run.block.timeline.head_at + WRITE_STEPS + head.arrival + head.window
        spoken = run.spikes[f"head{n}.match"]
        found += sum(int(np.count_nonzero(spoken[token * run.gap + at]))
                     for token in range(run.tokens))
    return found
