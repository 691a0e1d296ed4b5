"""Memories on a board: placed, judged, run for a few tokens, and what a token costs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from neuromorph.backends import Inputs
from neuromorph.bundle.memories import KIND, MemoriesBundle
from neuromorph.circuits.gated_delta import PERIOD, stimulate
from neuromorph.compile import Compiled, Unit, fits
from neuromorph.deploy.boards import Chosen, smallest_board
from neuromorph.deploy.compared import PUBLISHED
from neuromorph.deploy.fit import needs_of
from neuromorph.deploy.outcome import TRIED, CompileReport, Kind, placed_units, refused
from neuromorph.deploy.run import Tried, try_units
from neuromorph.deploy.values import OF_PROGRAMS, said_values
from neuromorph.errors import FitError, escaped
from neuromorph.profiles import Profile
from neuromorph.progress import Progress
from neuromorph.runtime import memory_fidelity

TOKENS = 3
"""Tokens of each memory that is tried: the second already reads what the first wrote."""

ASSUMPTIONS = (
    ("These are memories alone, not the model around them: norms, gates, convolutions and "
     "projections are a host's."),
    *OF_PROGRAMS,
    "Memories begin each token together.",
    "A memory that was not run counts as the nearest that was.",
    ("A memory is empty before its first token; weights of a state that goes on are loaded by a "
     "host."),
)
"""What an estimate of memories assumes."""

MEMORIES = Kind(KIND, "tokens", "one token of every memory", ("memory",), ASSUMPTIONS)


def memory_units(bundle: MemoriesBundle) -> tuple[Unit, ...]:
    """One unit a memory."""
    return tuple(Unit(escaped(name), network) for name, network in bundle.networks().items())


def memories_values(
    bundle: MemoriesBundle, units: Sequence[Unit], target: Chosen
) -> dict[str, Any]:
    """What they were compiled for, and from what."""
    first = next(iter(bundle.codes.values()))[0]
    return {"kind_of_bundle": KIND, "profile": target.profile.name,
            "title": target.profile.title, "chosen": target.why,
            "bundle": "" if bundle.path is None else str(bundle.path),
            "model_family": bundle.family, "layers": len(bundle.codes), "memories": len(units),
            "key_axons": first.numbers.key_size, "value_size": first.numbers.value_size,
            "steps": {"a_token": PERIOD}, "schedule": [],
            "warnings": [caution.as_dict() for caution in bundle.cautions]}


def memories_placed(
    bundle: MemoriesBundle, compiled: Compiled, costs: str | None, head: dict[str, Any],
    progress: Progress,
) -> CompileReport:
    """What was placed: checked, run and estimated.

    Raises
    ------
    DisagreementError
        If it does not give what the networks give, or the checker objects.
    """
    order = [(name, h) for name, codes in bundle.codes.items() for h in range(len(codes))]

    def run() -> Tried:
        return try_units(compiled, lambda unit: _trains(bundle, *order[unit]), TRIED, TOKENS)

    return placed_units(compiled, MEMORIES, run, costs, {
        **head, "fidelity": _fidelity(bundle),
        "compared": [asdict(figure) for figure in PUBLISHED]}, progress)


def memories_not_placed(
    bundle: MemoriesBundle, units: Sequence[Unit], profile: Profile, error: FitError,
    head: dict[str, Any],
) -> CompileReport:
    """Why not, what they need, and what would help."""
    board = smallest_board(units, profile, programmable=True)
    changes = [] if board is None else [
        f"Compile for `--profile {board}`, the smallest that would do."]
    return refused(head | said_values(profile, ASSUMPTIONS), profile, error,
                   needs_of(units, profile), board, [*changes, *_fewer(bundle, units, profile)])


def _fewer(
    bundle: MemoriesBundle, units: Sequence[Unit], profile: Profile
) -> Iterator[str]:
    """The first layers; memories do not talk to each other, so that boards can share a model."""
    ends = np.cumsum([len(codes) for codes in bundle.codes.values()]).tolist()
    fit = bisect_left(ends, True, key=lambda end: not fits(units[:end], profile))
    if fit:
        yield f"The first {fit} of {len(ends)} layers would fit; other boards can take the rest."


def _trains(bundle: MemoriesBundle, layer: str, head: int) -> tuple[Inputs, int]:
    """The sample's first tokens."""
    code = bundle.codes[layer][head]
    sample = bundle.samples[layer].part((head, slice(TOKENS)))
    return stimulate(code.numbers, code.encode(sample)[0])


def _fidelity(bundle: MemoriesBundle) -> list[dict[str, Any]]:
    """Memories on the bundle's sample, the worst first."""
    found = [one for name, codes in bundle.codes.items()
             for one in memory_fidelity(name, codes, [bundle.samples[name]])]
    found.sort(key=lambda one: one.cosine)
    return [{"layer": one.layer, "head": one.head, "cosine": one.cosine} for one in found]
