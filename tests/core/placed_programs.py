"""A small placed program written by hand, for the checker, and ways to change it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from neuromorph.compile.check import CheckReport, check_program
from neuromorph.compile.program import Program, Slice, Unit
from neuromorph.compile.program_file import program_as_dict
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    LatencyMatch,
    LearningRule,
    Network,
    Population,
    Projection,
    Readout,
    Source,
    verify,
)
from neuromorph.profiles import Profile, load_profile

Data = dict[str, Any]
Arrays = dict[str, Any]
Change = Callable[[Data, Arrays], object]

def changed(profile: Profile, **sections: dict[str, Any]) -> Profile:
    """The profile with other values in some sections; they need not be plausible."""
    new: dict[str, Any] = {name: getattr(profile, name).model_copy(update=values)
                           for name, values in sections.items()}
    return replace(profile, **new)


def network() -> Network:
    """Every neuron model, static, plastic and modulated synapses, a delay and a loop."""
    match = 2 * np.arange(1, 19).reshape(6, 3) * np.array([1, -1, 1])
    match[4] = 0
    rule = LearningRule(dw="2^-2*x1*y1*u0 - 2^-3*w*u0", dt="3*x1*x0", x1_impulse=16, x1_tau=3)
    return verify(Network("small", "fixed", (
        Population("query", 3, Source(payload_bits=8)),
        Population("plain", 2, Source()),
        Population("third", 2, Source(payload_bits=8)),
        Population("match", 6, CubaLIF(vth=100, bias_mant=3)),
        Population("out", 2, Readout(vth=1000)),
        Population("star", 3, Astrocyte()),
        Population("late", 2, LatencyMatch(vth=100, base=64, span=4096, gain=65, gain_shift=12)),
    ), (
        Projection("query_match", "query", "match", match, graded=True),
        Projection("match_match", "match", "match", 2 * np.eye(6, dtype=np.int64), delay=2),
        Projection("match_out", "match", "out", np.full((2, 6), 7), exponent=1),
        Projection("match_star", "match", "star", np.full((3, 6), 5)),
        Projection("match_late", "match", "late", np.full((2, 6), -3)),
        Projection("learner", "plain", "out", np.zeros((2, 2), np.int64), rule=rule,
                   modulators=("third", None, None)),
    )))


def by_hand() -> tuple[Data, Arrays]:
    """The network on two cores of two chips: most of ``match`` on the first."""
    slices = (Slice(0, "match", 0, 5, 0), Slice(0, "match", 5, 6, 1), Slice(0, "out", 0, 2, 1),
              Slice(0, "star", 0, 3, 1), Slice(0, "late", 0, 2, 1))
    places = np.array([[0, 0, 0], [1, 3, 2]])
    return program_as_dict(Program("loihi2-graded", (Unit("small", network()),), slices, places))


def two_chips() -> Profile:
    """Two programmable chips of Loihi 2."""
    return changed(load_profile("loihi2-graded"), board={"chips": 2, "columns": 2})


def judged(data: Data, arrays: Arrays, profile: Profile) -> CheckReport:
    """The checker's report; what it is given stays as it is."""
    before = copy.deepcopy(data)
    report = check_program(data, arrays, profile)
    assert data == before
    return report


def unit(data: Data) -> Any:
    return data["units"][0]


def population(data: Data, name: str) -> Any:
    return next(p for p in unit(data)["populations"] if p["name"] == name)


def projection(data: Data, name: str) -> Any:
    return next(p for p in unit(data)["projections"] if p["name"] == name)


def said(change: Change, **sections: dict[str, Any]) -> list[str]:
    """The violations after a change of the program by hand, or of the profile."""
    data, arrays = by_hand()
    change(data, arrays)
    return [str(v) for v in judged(data, arrays, changed(two_chips(), **sections)).violations]


def nothing(data: Data, arrays: Arrays) -> None:
    """Leave the program alone: the profile is changed."""


def weight(name: str, value: int) -> Change:
    """Another last weight of a projection."""
    def change(data: Data, arrays: Arrays) -> None:
        key = projection(data, name)["weights"]
        arrays[key] = arrays[key].astype(np.int64)
        arrays[key][-1, -1] = value
    return change
