"""What a token costs in a placed model: one at a time, and pipelined."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.circuits.transformer.timeline import TokenCourse, course_of
from neuromorph.compile import Compiled
from neuromorph.compile.packing.traffic import Traffic, traffic
from neuromorph.cost.band import Band, band
from neuromorph.cost.events import PLURALS, Events, count_packets, ticks_of
from neuromorph.cost.links import fullest_link
from neuromorph.cost.pace import passes_of, pipelined
from neuromorph.cost.phases import Active, Steps
from neuromorph.cost.steps import count_steps, neurons_of_cores, work_of
from neuromorph.cost.work import PhaseWork
from neuromorph.deploy.values import band_values, synapses_of
from neuromorph.deploy.whole_trial import TokenTrial, serial

EMBEDDING: Active = ("embedding",)
BLOCKS: Active = ("blocks",)
ANSWER: Active = ("answer",)
"""The phases of a token."""

_OWN_BLOCK = re.compile(r"^block\d+\.")


def links_of(compiled: Compiled, trial: TokenTrial) -> Traffic:
    """Packets of one token between all cores; every block's neurons speak as the first one's."""
    spoken = {name: np.count_nonzero(train, axis=0).astype(np.float64)
              for name, train in trial.trains.items()}
    rates = {f"0/{p.name}": spoken[like] for p in compiled.program.units[0].neurons
             if (like := p.name if p.name in spoken else _OWN_BLOCK.sub("block0.", p.name))
             in spoken}
    return traffic(compiled.program, rates)


def token_work(
    model: Transformer, compiled: Compiled, trial: TokenTrial, links: Traffic
) -> tuple[PhaseWork, ...]:
    """Work of one token by itself.

    Parameters
    ----------
    model : Transformer
    compiled : Compiled
    trial : TokenTrial
    links : Traffic
        As `links_of` found it.
    """
    program, times = compiled.program, len(model.blocks) / trial.blocks
    way = course_of(serial(model)).begins
    counts = count_steps(trial.program, [trial.trains])
    counts = replace(counts, neurons=neurons_of_cores(program),
                     each=counts.each | {name: np.full(counts.steps, float(count))
                                         for name, count in ticks_of(program.units[0]).items()})
    phases = _phases(trial)
    scales = {EMBEDDING: 1.0, BLOCKS: times, ANSWER: 1.0}
    link = fullest_link(links, program.places, compiled.limits)
    work = tuple(replace(each, events=each.events.scaled(scales[each.phases]),
                         link_packets=link * each.link_packets)
                 for each in work_of(counts, phases, hops=Events(), link=1.0))
    work = tuple(replace(each, events=_lasting(each.events, way[-1] - way[0]))
                 if each.phases == BLOCKS else each for each in work)
    return _with_hops(work, count_packets(links, program.places, compiled.limits), trial, model)


def _lasting(events: Events, steps: int) -> Events:
    """The same in so many steps: windows of other blocks are not as long as the first one's."""
    longer = steps / events.steps
    return replace(events, steps=float(steps), **{
        name: longer * getattr(events, name) for name in ("neuron_steps", *PLURALS.values())})


def _folded(
    whole: PhaseWork, alone: Sequence[PhaseWork], course: TokenCourse, trial: TokenTrial
) -> tuple[PhaseWork, ...]:
    """A pipeline's period, step by step: the most of all steps of a token that fall together."""
    starts = {EMBEDDING: (0,), ANSWER: course.begins[-1:],
              BLOCKS: course.begins[:1] if trial.blocks > 1 else course.begins[:-1]}
    found = {name: np.zeros(course.period) for name in whole.most()}
    for phase in alone:
        for name, most in phase.most().items():
            for start in starts[phase.phases]:
                np.maximum.at(found[name], (start + np.arange(len(most))) % course.period, most)
    return (PhaseWork(whole.phases, whole.events, found["neurons"], found["synaptic_ops"],
                      found["synaptic_reads"], found["link_packets"]),)


def _phases(trial: TokenTrial) -> dict[Active, Steps]:
    """The steps of the trial; those of its block stand for those of each."""
    edges = {EMBEDDING: (0, trial.begins), BLOCKS: (trial.begins, trial.ends),
             ANSWER: (trial.ends, trial.steps)}
    return {name: np.arange(*ends) for name, ends in edges.items() if ends[0] < ends[1]}


def _with_hops(
    work: tuple[PhaseWork, ...], hops: Events, trial: TokenTrial, model: Transformer
) -> tuple[PhaseWork, ...]:
    """Hops as each phase's share of the packets; what the host sends and reads at both ends."""
    packets = sum(each.events.packets for each in work) or 1.0
    sent = sum(float(np.count_nonzero(train)) for train in trial.inputs.values())
    dense = model.head.dense
    read = float(dense.outputs if dense is not None else model.width)
    host = {EMBEDDING: sent, BLOCKS: 0.0, ANSWER: read}
    return tuple(replace(each, events=replace(
        each.events, host_spikes=host[each.phases],
        **{way: getattr(hops, way) * each.events.packets / packets
           for way in ("hops_east_west", "hops_north_south", "hops_chip")})) for each in work)


def whole_costs(
    model: Transformer, compiled: Compiled, trial: TokenTrial, links: Traffic, costs: str | None
) -> dict[str, Any]:
    """Bands of a token at both paces, as plain values.

    Serial is what a causal model takes for each token that it writes. Pipelined is a token a
    period, each block at work on another, as in reading a prompt; an encoder's sequence goes
    through that way, as often as it has passes.
    """
    alone = token_work(model, compiled, trial, links)
    period, program, profile = course_of(model).period, compiled.program, compiled.profile
    synapses = synapses_of(program)

    def told(work: tuple[PhaseWork, ...]) -> Band | None:
        return band(passes_of(work, model.passes), profile, chips=program.chips,
                    cores=program.cores, synapses=synapses, costs=costs)

    course = course_of(model)
    paces = {"serial": told(alone),
             "pipelined": told(_folded(pipelined(alone, period)[0], alone, course, trial))}
    main = "serial" if model.causal else "pipelined"
    per = f"one token, {main}" + ("" if model.passes == 1 else f", {model.passes} passes")
    return {**band_values(paces[main]), "per": per, "pace": main,
            "paces": {name: band_values(one)["band"] for name, one in paces.items()},
            "steps": {"period": period, "token": course_of(serial(model)).said + 1,
                      "passes": model.passes}}
