"""The checker puts every unit together again: it is the network that was given, to the bit."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from compiled_programs import Case, compiled, said
from placed_programs import Arrays, Data, by_hand, network, two_chips
from random_programs import random_placed, random_units
from small_heads import BINARY, GRADED, attention
from small_payload_chips import random_chip
from small_programs import driven
from small_relays import PROFILE, random_wide, wide

from neuromorph.circuits import hebbian_attention
from neuromorph.circuits.latency_attention.emit import emission_of, emitting
from neuromorph.compile.check.models import MODELS
from neuromorph.errors import FitError, NeuromorphError
from neuromorph.network import CubaLIF, Projection
from neuromorph.neurons.requantise import Requantise
from neuromorph.profiles import Profile, load_profile

# --- programs of every kind


def relayed() -> Case:
    """Sums that are exact, that round, and that come late."""
    side = Projection("late_out", "side", "out", np.full((3, 1), 9, np.int32), delay=1)
    return compiled(PROFILE, wide(), wide(exponent=-3), wide(delay=4, more=(side,)),
                    wide(exponent=-2, model=CubaLIF(vth=9)))


def lowered() -> Case:
    """Heads whose payloads are spelled out, one of which keeps fractions of a score."""
    narrow = replace(BINARY, input_bits=22)
    return compiled(load_profile("loihi1"), *(attention(replace(narrow, key_shift=shift))[0]
                                              for shift in (1, 3)))


def learning() -> Case:
    return compiled(load_profile("loihi2-graded"), hebbian_attention.build(BINARY), network())


def heads() -> Case:
    return compiled(load_profile("loihi2-graded"), attention(BINARY)[0], attention(GRADED)[0],
                    attention(BINARY)[0])


def emitted() -> Case:
    """Heads that divide by themselves: neurons with several ports, and numbers of their own."""
    numbers = np.arange(1, 5)
    scaled = Requantise(multiplier=numbers, shift=numbers, bias=-numbers)
    networks = [emitting(attention(head)[0], head, emission_of(head)) for head in (GRADED, BINARY)]
    return compiled(load_profile("loihi2-graded"), *networks, driven(scaled, 1)[0])


CASES = {made.__name__: made for made in (relayed, lowered, learning, heads, emitted)}


@cache
def made(name: str) -> Case:
    return CASES[name]()


def fresh(name: str) -> Case:
    """A copy that a test may spoil; arrays are replaced, never written to."""
    data, arrays, profile, given = made(name)
    return copy.deepcopy(data), dict(arrays), profile, given


@pytest.mark.parametrize("name", CASES)
def test_what_the_passes_make_is_what_was_given(name: str) -> None:
    assert said(fresh(name)) == []


def test_relays_and_letters_are_there_to_be_seen_through() -> None:
    kinds = Counter(p["kind"] for u in made("relayed")[0]["units"] for p in u["populations"])
    assert kinds["Relay"] > 8
    assert any(unit["late"] for unit in made("relayed")[0]["units"])
    first, second = made("lowered")[0]["units"]
    assert first["letters"].keys() == {"query", "drive", "mask", "excused", "flush"}
    assert [p["parameters"]["input_shift"] for unit in (first, second)
            for p in unit["populations"] if p["name"] == "match"] == [6, 4]


def test_random_networks_in_plain_spikes_are_put_together_again() -> None:
    for seed in range(40):
        case = compiled(load_profile("loihi1"), random_chip(seed)[0])
        assert case[0]["units"][0]["letters"].keys() == {"graded"}
        assert said(case) == [], seed


def test_random_networks_with_relays_are_put_together_again() -> None:
    seen: Counter[bool] = Counter()
    for seed in range(60):
        try:
            case = compiled(PROFILE, random_wide(seed)[0])
        except FitError:
            continue
        assert said(case) == [], seed
        seen[any("relay" in p["name"] for p in case[0]["units"][0]["populations"])] += 1
    assert min(seen.values()) > 5


def test_random_programs_are_put_together_again() -> None:
    for seed, case in random_programs():
        assert said(case) == [], seed


# --- a fault anywhere is seen

SEEDS = range(0, 24, 2)


@cache
def placed(seed: int) -> tuple[Data, Arrays, Profile] | None:
    try:
        return random_placed(seed)
    except FitError:
        return None


def random_programs() -> Iterator[tuple[int, Case]]:
    """All that fit; each a copy of its own."""
    for seed in SEEDS:
        if (program := placed(seed)) is not None:
            data, arrays, profile = program
            given = [(unit.name, unit.network) for unit in random_units(seed, len(data["units"]))]
            yield seed, (copy.deepcopy(data), dict(arrays), profile, given)


def projections(data: Data, rng: np.random.Generator, arrays: Arrays) -> Any:
    """One that does something."""
    all_of_them = [p for unit in data["units"] for p in unit["projections"]
                   if arrays[p["weights"]].any()]
    return all_of_them[int(rng.integers(len(all_of_them)))]


def populations(data: Data, rng: np.random.Generator) -> Any:
    """One with parameters that can be another."""
    all_of_them = [p for unit in data["units"] for p in unit["populations"]
                   if p["kind"] in ("CubaLIF", "Readout", "LatencyMatch")]
    return all_of_them[int(rng.integers(len(all_of_them)))]


def other_weight(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    """A weight of one projection alone, by two, so that it stays even."""
    found = projections(data, rng, arrays)
    spoilt = arrays[found["weights"]].astype(np.int16)
    at = int(rng.integers(spoilt.size))
    spoilt.flat[at] += 2 if spoilt.flat[at] < 100 else -2
    arrays["spoilt"], found["weights"] = spoilt, "spoilt"


def other_shared_weight(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    """A weight of all projections that share an array."""
    name = projections(data, rng, arrays)["weights"]
    arrays[name] = arrays[name].astype(np.int16)
    arrays[name].flat[int(rng.integers(arrays[name].size))] ^= 2


def swapped_weights(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    """The largest and the least weight of a neuron in each other's place."""
    rows = [(p, n) for unit in data["units"] for p in unit["projections"]
            for n, row in enumerate(arrays[p["weights"]]) if np.ptp(row.astype(np.int16))]
    found, n = rows[int(rng.integers(len(rows)))]
    spoilt = arrays[found["weights"]].copy()
    at = [spoilt[n].argmax(), spoilt[n].argmin()]
    spoilt[n, at] = spoilt[n, at[::-1]]
    arrays["spoilt"], found["weights"] = spoilt, "spoilt"


def other_exponent(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    found = projections(data, rng, arrays)
    found["exponent"] += 1 if found["exponent"] < 0 else -1


def other_delay(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    found = projections(data, rng, arrays)
    found["delay"] += 1 if found["delay"] == 0 else -1


def other_kind(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    found = projections(data, rng, arrays)
    found["graded"] = not found["graded"]


def no_projection(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    found = projections(data, rng, arrays)
    for unit in data["units"]:
        if found in unit["projections"]:
            unit["projections"].remove(found)


def twice_a_projection(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    found = projections(data, rng, arrays)
    for unit in data["units"]:
        if any(p is found for p in unit["projections"]):
            unit["projections"].append(found | {"name": "again"})


def other_parameter(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    given = populations(data, rng)["parameters"]
    name = list(given)[int(rng.integers(len(given)))]
    given[name] += 1 if given[name] == 0 else -1


def other_lateness(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    unit = data["units"][int(rng.integers(len(data["units"])))]
    name = unit["populations"][int(rng.integers(len(unit["populations"])))]["name"]
    unit["late"][name] = unit["late"].get(name, 0) + 1


def other_unit(data: Data, arrays: Arrays, rng: np.random.Generator) -> None:
    data["units"][int(rng.integers(len(data["units"])))]["name"] = "other"


FAULTS = [other_weight, other_shared_weight, swapped_weights, other_exponent, other_delay,
          other_kind, no_projection, twice_a_projection, other_parameter, other_lateness,
          other_unit]
Fault = Callable[[Data, Arrays, np.random.Generator], None]


def seen(case: Case) -> bool:
    """Whether the checker objects, or refuses what it was given as no program."""
    try:
        return bool(said(case))
    except NeuromorphError:
        return True


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", CASES)
def test_a_fault_in_any_unit_is_seen(name: str, fault: Fault) -> None:
    for seed in range(12):
        case = fresh(name)
        fault(case[0], case[1], np.random.default_rng(seed))
        assert seen(case), seed


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_a_fault_in_a_random_program_is_seen(fault: Fault) -> None:
    tried = 0
    for seed, case in random_programs():
        fault(case[0], case[1], np.random.default_rng(seed))
        assert seen(case), seed
        tried += 1
    assert tried > len(SEEDS) / 2


def test_a_projection_at_another_port_is_seen() -> None:
    tried = 0
    for at, unit in enumerate(fresh("emitted")[0]["units"]):
        ports = {p["kind"]: MODELS[p["kind"]].ports for p in unit["populations"]}
        kinds = {p["name"]: p["kind"] for p in unit["populations"]}
        for number, found in enumerate(unit["projections"]):
            for port in {*ports[kinds[found["post"]]], "c"} - {found.get("port", "a_in")}:
                case = fresh("emitted")
                case[0]["units"][at]["projections"][number]["port"] = port
                assert any(f".{found['name']}: " in text for text in said(case)), port
                tried += port != "c"
    assert tried > 10


@pytest.mark.parametrize("name", MODELS["Requantise"].by_neuron[:3])
def test_another_number_of_one_neuron_is_seen(name: str) -> None:
    case = fresh("emitted")
    scaled = case[0]["units"][2]["populations"][-1]
    scaled["parameters"][name][-1] += 1
    assert len(said(case)) == 1
    assert f" {name}[3]=" in said(case)[0]


LETTERS: dict[str, Callable[[Any], object]] = {
    "another": lambda said: said["drive"]["values"].__setitem__(0, -1),
    "swapped": lambda said: said["query"]["values"].__setitem__(slice(0, 2), [2, 1]),
    "fewer": lambda said: said["query"]["values"].pop(),
    "one for each payload": lambda said: said["query"].update(one_hot=True),
    "none": lambda said: said.pop("mask"),
    "one more": lambda said: said.update(match={"values": [1], "one_hot": True}),
}


@pytest.mark.parametrize("fault", LETTERS)
def test_letters_that_spell_something_else_are_seen(fault: str) -> None:
    case = fresh("lowered")
    LETTERS[fault](case[0]["units"][1]["letters"])
    assert said(case)


def test_a_rule_that_says_the_same_in_other_words_is_the_same() -> None:
    data, arrays = by_hand()
    rule = next(p["rule"] for p in data["units"][0]["projections"] if p["rule"])
    given = [("small", network())]
    rule["dw"] = " 2^-2 * x1*y1*u0 - w*2^-3*u0"
    assert said((data, arrays, two_chips(), given)) == []
    rule["dw"] = "2^-2*x1*y1*u0 - 2^-4*w*u0"
    assert said((data, arrays, two_chips(), given)) == [
        ("small.learner: a projection is as it was given; found another rule; "
         "allowed the same")]


def test_what_is_wrong_is_named() -> None:
    data, arrays, profile, given = fresh("relayed")
    relay = next(p for p in data["units"][0]["projections"] if p["name"] == "p.relay.1")
    spoilt = arrays[relay["weights"]].copy()
    at = int(np.flatnonzero(spoilt[2])[0])
    spoilt[2, at] += 2
    arrays["spoilt"], relay["weights"] = spoilt, "spoilt"
    was = int(given[0][1].projection("p").weights[2, at])
    assert said((data, arrays, profile, given)) == [
        (f"u0.out[2]: what arrives is what was given; found {was + 2} from in[{at}], delay 0; "
         f"allowed {was}")]


ODD = [None, True, False, 0, 1, -1, 7, 2**40, 0.5, "", "x", [], [1], {}, {"x": 1}]


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a program."""
    if path:
        yield path
    for step in data if isinstance(data, dict) else range(len(data)) if isinstance(
            data, list) else ():
        yield from leaves(data[step], (*path, step))


@pytest.mark.parametrize("name", CASES)
def test_another_value_anywhere_is_seen(name: str) -> None:
    rng, tried = np.random.default_rng(3), 0
    for path in rng.permutation(np.array([*leaves(fresh(name)[0]), ()], object)[:-1])[:150]:
        if path[0] == "cores" or (path[-3:-2], path[-1]) == (("projections",), "name"):
            continue  # a core may lie elsewhere, and what passes add be called otherwise
        case = fresh(name)
        holder = case[0]
        for step in path[:-1]:
            holder = holder[step]
        value = ODD[int(rng.integers(len(ODD)))]
        if (type(value), value) == (type(holder[path[-1]]), holder[path[-1]]):
            continue
        holder[path[-1]] = value
        assert seen(case), (path, value)
        tried += 1
    assert tried > 100
