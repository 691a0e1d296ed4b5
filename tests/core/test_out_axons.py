"""No core sends its spikes to more cores than its out-axons reach."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from placed_programs import changed, judged, network
from random_programs import random_profile
from small_heads import BINARY, GRADED
from small_networks import random_network
from small_relays import random_wide

from neuromorph import backends
from neuromorph.circuits.latency_attention import PROBES, LatencyAttention, build, stimulate
from neuromorph.compile import Compiled, Program, Unit, compile_units, fits
from neuromorph.compile.check import CheckReport
from neuromorph.compile.packing.cut import cut
from neuromorph.compile.packing.demand import demands
from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.packing.out_axons import cut_within_out_axons, of_cores, out_axons
from neuromorph.compile.packing.place import place
from neuromorph.compile.program import Slice
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.split import split
from neuromorph.errors import FitError
from neuromorph.network import (
    Astrocyte,
    CubaLIF,
    Network,
    Population,
    Projection,
    Readout,
    Source,
    verify,
)
from neuromorph.profiles import Profile, load_profile

RULE = "out_axons of a core"
LOIHI2 = load_profile("loihi2-graded")

LARGE = LatencyAttention(
    slots=512, key_size=64, value_size=64, spikes="graded", key_shift=6, ramp=1500, window=16,
    score_bound=32_600, latest=30_000, query_limit=126, key_limit=127, value_limit=127,
    value_shift=8, control_decay=2048, unit=254)
"""A head of SmolLM2's shape."""


def checked(program: Program, profile: Profile) -> CheckReport:
    """What the checker, which counts by itself, says of the slices on any places."""
    places = place(program.cores, limits_of(profile))
    return judged(*program_as_dict(replace(program, places=places)), profile)


def head_of(head: LatencyAttention, seed: int = 0) -> Unit:
    rng = np.random.default_rng(seed)
    keys = rng.integers(-head.key_limit, head.key_limit + 1, (head.slots, head.key_size))
    values = rng.integers(-head.value_limit, head.value_limit + 1, (head.slots, head.value_size))
    return Unit(f"head {seed}", build(head, keys, values))


# --- counting


def test_out_axons_are_counted_by_hand() -> None:
    """``match`` sends to itself and to three populations on the second core."""
    slices = (Slice(0, "match", 0, 5, 0), Slice(0, "match", 5, 6, 1), Slice(0, "out", 0, 2, 1),
              Slice(0, "star", 0, 3, 1), Slice(0, "late", 0, 2, 1))
    taken = out_axons(Program("loihi2-graded", (Unit("small", network()),), slices))
    assert {key: each.tolist() for key, each in taken.items()} == {
        (0, "match"): [2, 2, 2, 2, 2, 1]}  # sources are on no core
    assert of_cores(slices, taken).tolist() == [10, 1]


# --- random programs on cores with few out-axons


@pytest.mark.parametrize("share", [0.8, 0.6, 0.4])
def test_what_is_placed_keeps_to_out_axons(share: float) -> None:
    """Cores have a share of what the fullest core would take of them."""
    seen: Counter[str] = Counter()
    for seed in range(40):
        program, profile = random_program(seed)
        limits = limits_of(profile)
        found = [demands(unit, limits) for unit in program.units]
        try:
            plain = replace(program, slices=cut(found, limits))
        except FitError:
            continue
        most = checked(plain, profile).usage["out_axons"]
        np.testing.assert_array_equal(of_cores(plain.slices, out_axons(plain)), most)
        few = changed(profile, core={"out_axons": max(1, int(share * most.max()))})
        seen["exceeded"] += any(v.rule == RULE for v in checked(plain, few).violations)
        try:
            slices = cut_within_out_axons(program, found, limits_of(few))
        except FitError as error:
            assert "no cut was found that leaves this population enough out_axons" in str(error)
            seen["refused"] += 1
            continue
        assert checked(replace(program, slices=slices), few).violations == ()
        seen["kept to"] += slices != plain.slices
    assert seen["exceeded"] > 20
    assert min(seen["kept to"], seen["refused"]) > 1, seen


def random_program(seed: int) -> tuple[Program, Profile]:
    rng = np.random.default_rng(seed)
    profile = changed(random_profile(rng), board={"chips": 1000, "rows": 1000})
    units = tuple(Unit(f"u{n}", (random_network, random_wide)[seed % 2](1000 * seed + n)[0])
                  for n in range(int(rng.integers(1, 6))))
    return Program(profile.name, units), profile


# --- heads


def test_a_head_that_exceeded_out_axons_fits_and_gives_the_same() -> None:
    """Its 4000 slots send to five cores of values: 20,000 of them, where a core has 4096."""
    head = replace(LARGE, slots=4000, value_size=128)
    state = compile_units((head_of(head),), LOIHI2)
    assert checked(state.program, LOIHI2).violations == ()
    plain = replace(state.program, slices=cut(state.demands, state.limits))
    assert {v.rule for v in checked(plain, LOIHI2).violations} == {RULE}
    assert_same_integers(state, head)


def assert_same_integers(state: Compiled, head: LatencyAttention) -> None:
    """Of the given and the placed head, in one query."""
    unit, slices, fast = state.program.units[0], state.program.slices_of(0), backends.get("fast")
    query = np.random.default_rng(1).integers(-126, 127, (1, head.key_size))
    inputs, steps = stimulate(head, query)
    whole = fast.run(state.given[0].network, inputs, PROBES, steps)
    placed = split(unit, slices).run(fast.run, inputs, PROBES, steps)
    for probe in PROBES:
        np.testing.assert_array_equal(placed.traces[probe], whole.traces[probe])
    assert whole.spikes("match").any()


@pytest.mark.parametrize(("slots", "heads", "most"), [(512, 24, 4096), (2048, 9, 4096),
                                                      (400, 30, 700), (2048, 9, 1000)])
def test_only_what_exceeds_out_axons_is_cut_otherwise(slots: int, heads: int, most: int) -> None:
    profile = changed(LOIHI2, core={"out_axons": most})
    unit = head_of(replace(LARGE, slots=slots))
    state = compile_units([replace(unit, name=f"head {n}") for n in range(heads)], profile)
    plain = replace(state.program, slices=cut(state.demands, state.limits))
    exceeds = any(v.rule == RULE for v in checked(plain, profile).violations)
    assert exceeds == (most < 4096)
    kept = cut_within_out_axons(state.program, state.demands, state.limits)
    assert (kept == plain.slices) == (not exceeds)
    assert checked(replace(state.program, slices=kept), profile).violations == ()
    assert checked(state.program, profile).violations == ()
    assert state.program.cores <= replace(state.program, slices=kept).cores


def test_many_heads_come_to_an_end() -> None:
    """Each cut moves which heads lie on two cores; what they took once stays reserved."""
    limits = replace(limits_of(LOIHI2), out_axons=1000)
    unit = head_of(LARGE)
    program, found = Program("many", (unit,) * 60), [demands(unit, limits)] * 60
    slices = cut_within_out_axons(program, found, limits)
    assert of_cores(slices, out_axons(replace(program, slices=slices))).max() <= 1000


@pytest.mark.parametrize("head", [BINARY, GRADED])
def test_small_heads_share_the_out_axons_of_a_core(head: LatencyAttention) -> None:
    """Each of fifty slots reaches one core, its own or that of the values."""
    profile = changed(LOIHI2, core={"out_axons": 12})
    state = compile_units([head_of(head, seed) for seed in range(10)], profile)
    report = checked(state.program, profile)
    assert report.violations == ()
    assert report.usage["out_axons"].tolist() == [12, 12, 12, 12, 2]


# --- refusals


def spread(model: CubaLIF | Astrocyte, size: int) -> Unit:
    """Neurons that all send to six others."""
    return Unit("u", verify(Network("spread", "fixed", (
        Population("in", 1, Source()), Population("fan", size, model),
        Population("out", 6, Readout(vth=1000)),
    ), (Projection("in_fan", "in", "fan", np.full((size, 1), 2)),
        Projection("fan_out", "fan", "out", np.full((6, size), 2))))))


def on_small_cores(neurons: int, most: int) -> Profile:
    return changed(LOIHI2, core={"neurons": neurons, "out_axons": most})


def test_a_neuron_that_sends_to_too_many_cores_is_refused() -> None:
    unit = spread(CubaLIF(vth=1), 1)
    assert fits([unit], on_small_cores(1, 6))
    assert not fits([unit], on_small_cores(1, 5))
    with pytest.raises(FitError) as caught:
        compile_units([unit], on_small_cores(1, 5))
    assert str(caught.value) == (
        "u.fan: no cut was found that leaves this population enough out_axons; found 6; "
        "expected 5. Fewer slots or values, so that its spikes go to fewer cores")


def test_a_population_that_stays_whole_is_refused() -> None:
    """Three astrocytes send to the rest of their own core and to two more."""
    unit = spread(Astrocyte(), 3)
    assert fits([unit], on_small_cores(3, 6))
    with pytest.raises(FitError, match=r"u\.fan: no cut .* found 6; expected 5"):
        compile_units([unit], on_small_cores(3, 5))
    assert fits([spread(CubaLIF(vth=1), 3)], on_small_cores(3, 5))
