"""A head for Loihi 1 with its folder for a lab, small enough to run in an emulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from small_heads import BINARY, attention

from neuromorph import backends
from neuromorph.backends.interface import Inputs
from neuromorph.compile.lower import lower
from neuromorph.compile.program import Program, Slice, Unit
from neuromorph.lab.folder import backend_of, write_lab_folder
from neuromorph.lab.trial import Trial, trial_of, trial_probes
from neuromorph.network import Network

GIVEN, GRADED, STEPS = attention(replace(BINARY, input_bits=22))
"""A head's network as exported, its graded trains, and the length of their run."""

HEAD = lower(Unit("head", GIVEN))
PLAIN = HEAD.view.encode(GRADED)


def program_of(*units: Unit) -> Program:
    """Each unit whole on a core of its own."""
    slices = tuple(Slice(i, p.name, 0, p.size, i) for i, unit in enumerate(units)
                   for p in unit.neurons)
    return Program("loihi1", units, slices, np.array([[0, 0, i] for i in range(len(units))]))


def trial(network: Network, inputs: Inputs, steps: int) -> Trial:
    """Its run on `fast`, with potentials in the midst of it and at its end."""
    done = backends.get("fast").run(network, inputs, trial_probes(network), steps)
    return trial_of(0, network, inputs, done, read_at=(steps // 2, steps),
                    backend=done.backend, evidence=done.evidence)


def lab(folder: Path, *more: Unit, refusal: Callable[[Network], str | None] | None = None) -> Path:
    """The folder of a program whose first unit is the head."""
    write_lab_folder(folder, program_of(HEAD, *more), trial(HEAD.network, PLAIN, STEPS), {},
                     family="loihi1",
                     refusal=refusal or backends.get(backend_of("loihi1")).why_not)
    return folder
