"""Which population of a block belongs to which stage, and from which step it may speak of a token.

A population speaks of a token in one period's steps from there on, and then of the next token: by
that a spike of a pipelined run is told from those of the tokens before and behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from neuromorph.circuits.block.build import ANGLE, OUT, TOKEN, R
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.hebbian_attention.writing import LIFT_AT, WRITE_STEPS
from neuromorph.errors import NetworkError
from neuromorph.network import Network, Phase
from neuromorph.shown import Shown

(IN, NORM, PROJECT, DRIVES, WRITE, SWEEP, CONTEXT, OUTPUT, MLP_NORM, GATE, UNIT_NORM,
 DOWN, END_NORM) = STAGES = (
    "in", "norm", "project", "drives", "write", "query sweep", "context", "W_o", "mlp norm", "gate",
    "unit norm", "W_d", "end norm")
"""In the order of a token; the drives, which tick whatever comes, before what they drive first. A
block has a norm before attention, or one at its end."""


@dataclass(frozen=True, repr=False)
class Row(Shown):
    """Populations that do the same, one a head or group.

    Attributes
    ----------
    name : str
        That of a population, without the number of its head.
    stage : str
        One of `STAGES`.
    populations : tuple of str
    begins : int
        Steps after R from which they may speak of its token, for a period.
    """

    name: str
    stage: str
    populations: tuple[str, ...]
    begins: int


def rows_of(block: Block, network: Network) -> tuple[Row, ...]:
    """All populations of a block's network, in the order of stages.

    Raises
    ------
    NetworkError
        If a population is of no stage.
    """
    homes = _homes(block)
    found: dict[tuple[str, int, str], list[str]] = {}
    for population in network.populations:
        name = _kind(population.name)
        home = _home(name, homes, network.name)
        found.setdefault((*homes[home], name), []).append(population.name)
    rows = [Row(name, stage, tuple(of), begins) for (stage, begins, name), of in found.items()]
    return tuple(sorted(rows, key=lambda row: (STAGES.index(row.stage), *_place(row.name, homes))))


def stage_of(block: Block, population: str) -> str:
    """The stage of a population of a block's network.

    Raises
    ------
    NetworkError
        If it is of none.
    """
    homes = _homes(block)
    return homes[_home(_kind(population), homes, "block")][0]


def phases_of(block: Block) -> tuple[Phase, ...]:
    """The stages of one token in steps after R, end to end."""
    times, found = block.timeline, []
    stops = {
        NORM: times.lead + (not block.post), PROJECT: times.head_at,
        WRITE: times.head_at + WRITE_STEPS, SWEEP: times.context_at - 1,
        CONTEXT: times.context_at + 1, OUTPUT: times.middle_at + 1, MLP_NORM: times.normed_at + 1,
        GATE: times.hidden_at + 1, UNIT_NORM: times.unit_at + 1, DOWN: times.fed_back_at + 1,
        END_NORM: times.end_at + 1}
    start = 0
    for name, stop in stops.items():
        if stop > start:
            found.append(Phase(name, start, stop))
        start = stop
    return tuple(found)


def _homes(block: Block) -> dict[str, tuple[str, int]]:
    """Stage and first step of a population's name, or of all names with a beginning."""
    times = block.timeline
    writes = ("side", "value_on", "value_off", "renew", "lift", "fire", "write", "store")
    sweeps = ("axon", "absent", "excused", "mask", "flush")
    # Before the slot that is written fires, and behind the last spikes of the token before.
    fired = times.head_at + LIFT_AT
    return {
        R: (IN, 0), ANGLE: (IN, 0), TOKEN: (IN, 0), "attention_norm.": (NORM, 0),
        **dict.fromkeys(("project.query_gained", "project.query", "project.key_gained",
                         "project.key", "project.", "query_norm.", "key_norm."),
                        (PROJECT, times.x_at)),
        "clock.ramp": (DRIVES, times.head_at - 1),
        "clock.drive": (DRIVES, times.head_at),
        **{f"clock.{name}": (WRITE, times.head_at) for name in writes},
        **{f"clock.{name}": (SWEEP, times.head_at) for name in sweeps},
        "head.match": (SWEEP, fired), "head.done": (SWEEP, fired),
        "head.normaliser": (CONTEXT, fired), "head.control": (CONTEXT, times.context_at),
        "attended.": (OUTPUT, times.middle_at), "mlp_norm.": (MLP_NORM, times.middle_at),
        "gated.again": (GATE, times.hidden_at - 1), "gated.a": (GATE, times.hidden_at),
        "unit_norm.": (UNIT_NORM, times.hidden_at),
        "fed_back.": (DOWN, times.fed_back_at), "end_norm.": (END_NORM, times.fed_back_at),
        OUT: (END_NORM if block.post else DOWN, times.end_at)}


def _kind(population: str) -> str:
    """Without the number of its head."""
    return re.sub(r"(?<=[a-z])\d+(?=\.|$)", "", population)


def _home(name: str, homes: Mapping[str, object], where: str) -> str:
    """The name, or beginning of names, that a population goes by."""
    found = next((h for h in homes if name == h or (h.endswith(".") and name.startswith(h))), None)
    if found is None:
        raise NetworkError("a population is of no stage", where=where, found=name,
                           hint="name it in circuits/block/stages.py")
    return found


def _place(name: str, homes: Mapping[str, object]) -> tuple[int, bool]:
    """In its stage: as named above, else as in the network; a norm takes the mean away first."""
    named = list(homes).index(name) if name in homes else -1
    return named, not name.endswith((".part", ".mean"))
