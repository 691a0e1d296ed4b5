"""A page of somebody's own bundle: what it is, what it lost, how it works, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neuromorph.report.band_tables import band_rows
from neuromorph.report.evaluation import evaluation_rows
from neuromorph.report.page import (
    Commands,
    Picture,
    Points,
    Rows,
    Section,
    Terms,
    render_page,
)
from neuromorph.report.tables import percent
from neuromorph.report.text import bytes_text, label, readable
from neuromorph.shown import Shown
from neuromorph.translate import HeadFidelity

WORST = 12
"""Heads in the table; the picture has all of them."""

WORDS = {
    "spike, plain": "An event without a number: that it came, and when. Every Loihi sends these.",
    "spike, graded": "An event that carries an integer, its payload. Loihi 2 sends these; the "
                     "payload holds what lies between two steps, so that fewer steps do.",
    "spike, forced": "A match spike that only the go pulse brought about, at the end of the "
                     "window: the key matched better than the window has room for, and counts "
                     "for less than it should. A few are harmless; many say that calibration "
                     "never saw such a text (neuromorph adapt).",
    "cosine": "Between two vectors, 1 if they point the same way: what attention in spikes "
              "answers, or a hidden state, and what the float model has there.",
    "KL divergence": "How far one distribution is from another, in nats; 0 if they are equal. "
                     "Below 0.01 nobody would see it in a map.",
    "interval, 95 %": "Where the true figure would lie in 95 of 100 such measurements. Two "
                      "accuracies whose intervals overlap widely have not been told apart.",
    "step": "One tick of the chip: every neuron is updated once.",
}
"""What the pages say, and what it means."""

PICTURES = {
    "hidden": ("Hidden states, layer by layer",
               ("How far hidden states are from the float model's, in front of each block and "
               "behind the last: the mean over all tokens."),
               "1 - cosine against the number of the block, on a scale of logarithms"),
    "heads": ("What each head loses",
              ("Attention in spikes against float attention of the same queries, keys and values: "
              "a row a layer, a column a head. The worst is framed."),
              "two grids of heads, 1 - cosine and KL divergence; the table has the worst"),
    "maps": ("Who looks at whom",
             ("The layer with the worst head. Above softmax in float, below what the spikes stand "
             "for: a spike's payload, halved for every so many steps that it came before the "
             "last one."), "attention maps of a layer, float above spikes, a pair a head"),
    "raster": ("One query, step by step",
               ("Of the worst head. The query charges the match neurons, all climb at one pace, "
               "and the best match fires last. Values arrive with the spikes and fade, so the "
               "last ones count most. When all have spoken, control divided by normaliser is the "
               "attention's output."),
               "query payloads, attention weights, match spikes and control potentials by step"),
    "context": ("Short contexts and long ones",
                "What heads lose where a query sees few keys, and where it sees many.",
                "1 - cosine and KL divergence against the keys in sight: median and worst head"),
    "chips": ("Where the cores are",
              "A square is a core, a block of squares a chip. The darker, the fuller.",
              "a map of the chip's cores by how full they are"),
    "energy": ("Energy", ("An estimate: counted events times the cost of one, and idle power "
               "times time. Nothing here was measured on a chip."),
               "energy by kind of event, as bars; the numbers are in the table"),
}
"""Heading, explanation and what is seen, in the order of the page."""


@dataclass(frozen=True, eq=False, repr=False)
class BundleFacts(Shown):
    """What a page is made of, in plain values.

    Attributes
    ----------
    described : mapping
        Of ``neuromorph.api.inspect.describe``.
    size : int
        Bytes on disk.
    command : str
        That made the page.
    fidelity : sequence of HeadFidelity
    judged_on : str
        What heads were judged on.
    simulated : mapping
        Of ``SimulationReport.as_dict``; empty, of a whole model.
    evaluation, compiled : mapping, optional
        Of ``Evaluation.as_dict``, and a compile report.
    pictures : mapping of str to bytes
        PNG files by their names in `PICTURES`.
    warnings : sequence of str
    commands : mapping of str to str
        What for, and the line.
    """

    described: Mapping[str, Any]
    size: int
    command: str
    fidelity: Sequence[HeadFidelity] = ()
    judged_on: str = ""
    simulated: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] | None = None
    compiled: Mapping[str, Any] | None = None
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    commands: Mapping[str, str] = field(default_factory=dict)


def render_bundle_page(facts: BundleFacts) -> str:
    """HTML of the page, its pictures inside."""
    described = facts.described
    whole = described["kind"] == "whole bundle"
    title = f"{described['family']}: " + ("a whole model in integers and spikes" if whole
                                          else "attention in spikes")
    return render_page(title, _LEADS[whole], _numbers(facts), [
        Points("Warnings", facts.warnings), *_lost(facts), *_worked(facts), *_placed(facts),
        _layers(described), Terms("Words", WORDS), Commands(
            "What to do next", {**facts.commands, "This page was made by": facts.command})])


_LEADS = {
    False: "Attention of a trained model, run as spikes in Loihi's integer arithmetic on this "
           "computer, beside the float attention that it replaces; no chip was involved.",
    True: "A trained model, all of it in Loihi's integer arithmetic, from its input to its "
          "answer, with every sum proved to fit; run on this computer, no chip was involved."}


def _numbers(facts: BundleFacts) -> dict[str, object]:
    described, said = facts.described, facts.simulated
    layers = described["layers"]
    heads = sum(layer["heads"] for layer in layers)
    rows: dict[str, object] = {
        "bundle": f"{described['path']}, {bytes_text(facts.size)}",
        "model": f"{described['family']}: {len(layers)} layers, {heads} heads of size "
                 f"{readable([layer['key_size'] for layer in layers])}, "
                 f"{'causal' if described['causal'] else 'every token sees every token'}"}
    if "weights" in described:
        rows["weights"] = f"{readable(described['weights'])}, width {described['width']}"
    rows |= {"tokens in memory (slots)": [layer["slots"] for layer in layers],
             "steps from query to query": sorted(
                 step for layer in layers for step in layer["steps"])}
    provenance = described["provenance"]
    if "calibration" in provenance:
        rows["calibrated on"] = provenance["calibration"]
    rows["made with"] = ", ".join(f"{label(name)} {readable(value)}"
                                  for name, value in described["options"].items())
    if said:
        rows |= {
            "run on": f"{said['backend']} ({said['evidence']})",
            "spikes a query": f"{said['spikes'] / max(1, said['queries']):.1f}",
            "forced spikes": f"{readable(said['forced'])} in {readable(said['queries'])} queries",
            "queries that tell no key from another": readable(said["flat"]),
            "clipped codes": f"{readable(said['clipped'])} of {readable(said['codes'])} "
                             f"({percent(said['clipped_share'])})"}
    return rows


def _lost(facts: BundleFacts) -> list[Section]:
    sections: list[Section] = []
    if facts.evaluation is not None:
        sections.append(Rows(
            "What it lost", "The same inputs through the bundle and through the float model.",
            ("figure", "value"), list(evaluation_rows(facts.evaluation).items())))
    return [*sections, *_pictures(facts, ("hidden", "heads")), *_worst(facts)]


def _worst(facts: BundleFacts) -> list[Section]:
    worst = sorted(facts.fidelity, key=lambda one: one.cosine)[:WORST]
    return [Rows("The heads that lose most", f"{len(worst)} of {len(facts.fidelity)}, by "
                 f"cosine, on {facts.judged_on}; spikes and steps are those of a query.",
                 ("layer", "head", "cosine", "KL (nat)", "forced", "spikes", "steps"),
                 [(one.layer, one.head, f"{one.cosine:.5f}", f"{one.kl:.5f}", one.forced,
                   f"{one.spikes_per_query:.1f}", one.steps) for one in worst])] if worst else []


def _worked(facts: BundleFacts) -> list[Section]:
    return _pictures(facts, ("maps", "raster", "context"))


def _placed(facts: BundleFacts) -> list[Section]:
    report = facts.compiled
    if report is None:
        return []
    if not report["fits"]:
        return [Points(f"It does not fit {report['title']}",
                       [report["reason"], *report["changes"]])]
    rows: dict[str, object] = {
        "cores": f"{readable(report['cores_used'])} of {readable(report['cores_usable'])} usable",
        "chips": f"{readable(report['chips_used'])} of {readable(report['chips'])}",
        **band_rows(report["band"])}
    return [Rows(f"On {report['title']}", "Placed by neuromorph compile; what is said of energy "
                 "and time is an estimate, with the set of costs that is named.",
                 ("what", "how much"), list(rows.items())),
            *_pictures(facts, ("chips", "energy"))]


def _pictures(facts: BundleFacts, names: Sequence[str]) -> list[Section]:
    return [Picture(facts.pictures[name], *PICTURES[name]) for name in names
            if name in facts.pictures]


def _layers(described: Mapping[str, Any]) -> Rows:
    layers = described["layers"]
    columns = [name for name in layers[0] if name != "steps"]
    return Rows("Layers", "In the order of the model; steps are those from a query to the next.",
                [*map(label, columns), "steps"],
                [[*(layer[name] for name in columns), readable(layer["steps"])]
                 for layer in layers])
