"""What the passes make of networks, and what the checker says of it beside what was given."""

from __future__ import annotations

from placed_programs import Arrays, Data

from neuromorph.compile import PASSES, Compiled, Program, Unit
from neuromorph.compile.check import check_program
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.program_file import program_as_dict
from neuromorph.network import Network
from neuromorph.profiles import Profile

Case = tuple[Data, Arrays, Profile, list[tuple[str, Network]]]


def compiled(profile: Profile, *networks: Network) -> Case:
    """What the passes make of some networks."""
    units = tuple(Unit(f"u{n}", one) for n, one in enumerate(networks))
    state = Compiled(profile, limits_of(profile), units, Program(profile.name, units))
    for name, apply in PASSES.items():
        state = state if name == "ranges" else apply(state)  # they may overflow: nothing is run
    given = [(unit.name, unit.network) for unit in state.given]
    return *program_as_dict(state.program), profile, given


def said(case: Case) -> list[str]:
    data, arrays, profile, given = case
    return [str(v) for v in check_program(data, arrays, profile, given).violations]
