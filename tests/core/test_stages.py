"""What each stage of the compiler takes, and that what a pass gets wrong is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from placed_programs import changed
from small_heads import BINARY, attention
from small_learners import LEARNERS
from small_relays import PROFILE, SMALL, wide

from neuromorph.compile import PASSES, Compiled, Program, Unit, compile_units
from neuromorph.compile.packing.demand import demands
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.passes import STAGE_AFTER
from neuromorph.compile.spec import At, Row, Table
from neuromorph.compile.stages import STAGES, check_stage
from neuromorph.errors import NetworkError
from neuromorph.network import CubaLIF, Network, Population, Projection, Source
from neuromorph.profiles import Profile, load_profile

HEAD = attention(replace(BINARY, input_bits=22))[0]
LOIHI1, GRADED = load_profile("loihi1"), load_profile("loihi2-graded")
BIG = changed(PROFILE, board={"chips": 9, "columns": 9})


def floats() -> Network:
    return Network("floats", "float", (
        Population("in", 2, Source()), Population("lif", 2, CubaLIF(du=1.0, dv=0.5, vth=1.0)),
    ), (Projection("w", "in", "lif", np.full((2, 2), 0.7)),))


def told(error: NetworkError) -> str:
    return "\n".join([str(error), *error.more])


def nothing(state: Compiled) -> Compiled:
    return state


# --- passes that do not do their work


def lose_a_slice(state: Compiled) -> Compiled:
    state = PLACE(state)
    return replace(state, program=replace(state.program, slices=state.program.slices[1:]))


def twice_in_one_place(state: Compiled) -> Compiled:
    state = PLACE(state)
    return replace(state, program=replace(
        state.program, places=np.zeros_like(state.program.places)))


def off_the_board(state: Compiled) -> Compiled:
    state = PLACE(state)
    return replace(state, program=replace(state.program, places=state.program.places + 999))


def forget_demands(state: Compiled) -> Compiled:
    return replace(RELAYS(state), demands=((),))


def measure_only(state: Compiled) -> Compiled:
    found = tuple(tuple(demands(unit, state.limits)) for unit in state.program.units)
    return replace(state, demands=found)


def make_a_delay_longer(state: Compiled) -> Compiled:
    state = RELAYS(state)
    unit = state.program.units[0]
    first, *others = unit.network.projections
    network = replace(unit.network, projections=(replace(first, delay=60), *others))
    return replace(state, program=replace(
        state.program, units=(replace(unit, network=network),)))


def put_payloads_back(state: Compiled) -> Compiled:
    """The relays pass gives a chip of plain spikes what it was given, graded."""
    return measure_only(replace(state, program=replace(state.program, units=state.given)))


def halve_a_weight(state: Compiled) -> Compiled:
    unit = state.program.units[0]
    first, *others = unit.network.projections
    network = replace(unit.network, projections=(
        replace(first, weights=first.weights / 2), *others))
    return replace(state, program=replace(
        state.program, units=(replace(unit, network=network),)))


PLACE, RELAYS = PASSES["place"], PASSES["relays"]

FAULTS: dict[str, tuple[str, Callable[[Compiled], Compiled], Network, Profile, str]] = {
    "floats stay floats": ("quantise", nothing, floats(), GRADED,
                           ("u.in: this population is not quantised; found a population; "
                           "expected whole numbers in the fixed domain")),
    "a float weight": ("quantise", halve_a_weight, HEAD, LOIHI1,
                       "u.key: this projection is not quantised; found a projection"),
    "a graded source": ("lower", nothing, HEAD, LOIHI1,
                        ("u.query: this population is not lowered; found a source; "
                        "expected a payload that the target's spikes carry")),
    "graded synapses": ("lower", nothing, HEAD, LOIHI1,
                        "u.key: synapses of graded spikes without a target with graded spikes"),
    "payloads again": ("relays", put_payloads_back, HEAD, LOIHI1,
                       "u.query: this population is not relayed; found a source"),
    "too many synapses": ("relays", measure_only, wide(), BIG,
                          ("u.out: this population is not relayed; found neurons; "
                          "expected no more synapses, axons and memory than an empty core has")),
    "unmeasured": ("relays", forget_demands, HEAD, LOIHI1,
                   "u.match: this population is not relayed; found neurons"),
    "a long delay": ("relays", make_a_delay_longer, wide(),
                     changed(BIG, synapse={"delay_max": 59}),
                     (": this projection is not relayed; found a projection; "
                     "expected a delay that the target's synapses have")),
    "a lost slice": ("place", lose_a_slice, HEAD, LOIHI1,
                     ("u.match: this population is not placed; found neurons; "
                     "expected each neuron in one slice")),
    "one place": ("place", twice_in_one_place, wide(), BIG,
                  ("this slice is not placed; found a slice; expected a core on the board, in a "
                  "place of its own")),
    "no such place": ("place", off_the_board, HEAD, LOIHI1,
                      "u.match[0:5]: this slice is not placed; found a slice"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_a_pass_gets_wrong_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pass_name, wrong, network, profile, text = FAULTS[name]
    units = [Unit("u", network)]
    seen: list[str] = []
    monkeypatch.setitem(PASSES, pass_name, wrong)
    monkeypatch.setitem(PASSES, "features", nothing)
    monkeypatch.setitem(PASSES, "ranges", nothing)
    with pytest.raises(NetworkError) as caught:
        compile_units(units, profile, done=lambda name, _: seen.append(name))
    assert text in told(caught.value)
    assert seen == list(PASSES)[: list(PASSES).index(pass_name)]


def test_a_given_network_that_is_not_sound_is_refused_by_its_rule() -> None:
    broken = replace(HEAD, projections=(replace(HEAD.projections[0], pre="quarry"),))
    with pytest.raises(NetworkError, match=r"key: a projection ends at a population that does no"):
        compile_units([Unit("u", broken)], LOIHI1)


# --- a placed program, changed


def state() -> Compiled:
    return compile_units([Unit("u", wide(bits=4))], BIG)


def checked(program: Program, found: Compiled, stage: str = "placed") -> None:
    check_stage(stage, program, found.profile, found.limits, found.demands)


def test_a_placed_program_is_what_every_stage_takes() -> None:
    found = state()
    assert found.limits == limits_of(BIG) == replace(SMALL, chips=9, chip_columns=9)
    for stage in STAGES:
        checked(found.program, found, stage)


@pytest.mark.parametrize(("change", "text"), [
    ({"population": "nobody"}, "u.nobody[0:3]: a slice without neurons of a population"),
    ({"population": "in"}, "u.in[0:3]: a slice without neurons"),
    ({"stop": 99}, ":99]: this slice is not placed; found a slice; expected neurons of a"),
    ({"core": 500}, "this slice is not placed; found a slice; expected a core on the board"),
])
def test_a_slice_of_nothing_or_nowhere_is_refused(change: dict[str, Any], text: str) -> None:
    found = state()
    first, *others = found.program.slices
    with pytest.raises(NetworkError) as caught:
        checked(replace(found.program, slices=(replace(first, **change), *others)), found)
    assert text in told(caught.value)


def test_a_slice_twice_is_refused() -> None:
    found = state()
    twice = replace(found.program, slices=(*found.program.slices, found.program.slices[0]))
    with pytest.raises(NetworkError, match="this population is not placed; found neurons"):
        checked(twice, found)


# --- what a target has not


@pytest.mark.parametrize(("profile", "network", "stage", "text"), [
    (changed(GRADED, neuron={"payload_bits": 7}), wide(), "lowered",
     "u.in: this population is not lowered; found a source"),
    (changed(GRADED, neuron={"programmable": False}), wide(), "lowered",
     ("u.out: this population is not lowered; found programmable neurons; expected a target with "
     "programmable neurons")),
    (changed(GRADED, learning={"allowed": False}), LEARNERS["Hebb"][0], "lowered",
     "this projection is not lowered; found synapses that learn"),
])
def test_what_the_target_has_not_is_not_lowered(
    profile: Profile, network: Network, stage: str, text: str
) -> None:
    program = Program(profile.name, (Unit("u", network),))
    with pytest.raises(NetworkError) as caught:
        check_stage(stage, program, profile, limits_of(profile))
    assert text in told(caught.value)


def test_what_no_pattern_knows_is_refused_with_what_is_known() -> None:
    """The default is refusal: a table without a row for a thing takes it for a fault."""
    table = Table("population", lambda at: ((p.name, p) for p in at.network.populations), (
        Row("a source", lambda p: p.is_source, "nothing more", lambda p, at: True),))
    at = At(Unit("u", wide()), GRADED, limits_of(GRADED))
    assert [tuple(fault) for fault in table.faults(at)] == [
        ("population", "u.out", "of no kind that is known", "nothing more")]


def test_every_stage_follows_a_pass_and_refuses_something() -> None:
    assert ["given", *STAGE_AFTER.values()] == list(STAGES)
    assert {FAULTS[name][0] for name in FAULTS} == set(STAGE_AFTER)
