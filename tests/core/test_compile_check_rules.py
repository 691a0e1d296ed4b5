"""Where neurons lie and what cores hold: each rule of the checker, broken once."""

from __future__ import annotations

import copy
import json

import pytest
from placed_programs import (
    Change,
    by_hand,
    changed,
    judged,
    nothing,
    population,
    said,
    two_chips,
    unit,
)

from neuromorph.compile.program_file import to_json

COUNTED = {
    "neurons": [5, 8],
    # Lists of an axon, 64 bits each: 3 dense and 5 sparse; 3 + 1, 3 times 6 dense, 2 plastic.
    "synapse_bits": [8 * 64, (3 + 1 + 18 + 2) * 64],
    "memory_bits": [8 * 64 + 5 * 64, 24 * 64 + 8 * 64],
    # A plastic axon takes two slots.
    "in_axons": [3 + 5, 3 + 6 + 2 * 2],
    # The first five match neurons send to themselves and to all that follows.
    "out_axons": [5 + 5, 1],
    "neuron_settings": [1, 4],
    "threshold_settings": [1, 2],
    "synapse_formats": [2, 4],
}


def test_what_cores_hold_is_as_counted_by_hand() -> None:
    report = judged(*by_hand(), two_chips())
    assert report.ok
    assert {name: used.tolist() for name, used in report.usage.items()} == COUNTED


@pytest.mark.parametrize(("entry", "header", "star"), [
    (64, 10, 3 * 8 + 10), (2, 10, 3 * 8 + 2 * 10), (64, 0, 3 * 8)])
def test_lists_are_counted_to_the_bit(entry: int, header: int, star: int) -> None:
    """The second core's, in words of a bit: only those to ``star`` have more than 2 synapses."""
    profile = changed(two_chips(), core={"word_bits": 1}, synapse={
        "entry_synapses": entry, "entry_header_bits": header})
    query, loop, out, late = (3 * (8 + header), 8 + 6 + 13 + header, 6 * (2 * 8 + header),
                              6 * (2 * 8 + header))
    learner = 2 * (2 * (8 + 9) + header)
    bits = judged(*by_hand(), profile).usage["synapse_bits"][1]
    assert bits == query + loop + out + 6 * star + late + learner


@pytest.mark.parametrize(("format_", "bits"), [
    ("dense", 3 * 4 * 8 + 6 * 5 * 14), ("sparse", 12 * (8 + 13) + 5 * (14 + 13))])
def test_only_a_format_that_the_profile_has_is_used(format_: str, bits: int) -> None:
    one = {"dense": False, "sparse": False, format_: True, "entry_header_bits": 0}
    profile = changed(two_chips(), core={"word_bits": 1}, synapse=one)
    assert judged(*by_hand(), profile).usage["synapse_bits"][0] == bits


@pytest.mark.parametrize("resource", COUNTED)
def test_a_capacity_is_exceeded_by_one(resource: str) -> None:
    most = max(COUNTED[resource])
    assert said(nothing, core={resource: most}) == []
    assert f"{resource} of a core; found {most}; allowed {most - 1}" in " ".join(
        said(nothing, core={resource: most - 1}))


@pytest.mark.parametrize(("name", "value", "counted"), [
    ("du", 5, [2, 1]), ("dv", 5, [2, 1]), ("bias_exp", 5, [2, 1]), ("vth", 5, [1, 2]),
    ("bias_mant", 5, [1, 1])])
def test_units_that_differ_need_settings_of_their_own(
    name: str, value: int, counted: list[int]
) -> None:
    data, arrays = by_hand()
    data["units"].append(copy.deepcopy(unit(data)) | {"name": "twin"})
    data["slices"] += [[1, *row[1:]] for row in data["slices"]]
    population({"units": data["units"][1:]}, "match")["parameters"][name] = value
    report = judged(data, arrays, two_chips())
    assert report.ok
    assert [report.usage[kind][0] for kind in ("neuron_settings", "threshold_settings")] == counted
    assert report.usage["synapse_bits"].tolist() == [2 * n for n in COUNTED["synapse_bits"]]


def test_neurons_with_a_memory_of_their_own_take_none_of_the_shared_one() -> None:
    assert said(nothing, core={"memory_bits": 1, "memory_shared": False}) == []


def test_the_text_that_was_written_to_a_file_is_judged_the_same() -> None:
    data, arrays = by_hand()
    assert judged(json.loads(to_json(data)), arrays, two_chips()).ok


PLACES: dict[str, tuple[Change, list[str]]] = {
    "a slice dropped": (lambda d, a: d["slices"].pop(1), [
        "small.match: each neuron is on exactly one core; found neuron 5 in 0 slices; allowed 1"]),
    "slices overlap": (lambda d, a: d["slices"].append([0, "out", 1, 2, 0]), [
        "small.out: each neuron is on exactly one core; found neuron 1 in 2 slices; allowed 1"]),
    "an axon's destination lost": (lambda d, a: d["slices"][2].__setitem__(3, 1), [
        "small.out: each neuron is on exactly one core; found neuron 1 in 0 slices; allowed 1"]),
    "an astrocyte cut": (lambda d, a: d["slices"].__setitem__(
        slice(3, 4), [[0, "star", 0, 2, 0], [0, "star", 2, 3, 1]]), [
        "small.star: this population stays on one core; found cores 0, 1; allowed 1 core"]),
    "a slice beyond": (lambda d, a: d["slices"].append([0, "out", 2, 3, 0]), [
        "slice 5: a slice is within its population; found 2:3; allowed 0 <= start < stop <= 2"]),
    "a slice of a source": (lambda d, a: d["slices"].append([0, "query", 0, 3, 0]), [
        ("slice 5: a slice is of a population that needs cores; found query; "
         "allowed match, out, star, late")]),
    "a slice of no unit": (lambda d, a: d["slices"].append([1, "out", 0, 2, 0]), [
        "slice 5: a slice is of a unit of the program; found 1; allowed below 1"]),
    "a slice on no core": (lambda d, a: d["slices"].append([0, "out", 0, 2, 2]), [
        "slice 5: a slice is on a core of the program; found 2; allowed below 2"]),
    "two cores on one place": (lambda d, a: d["cores"].__setitem__(1, [0, 0, 0]), [
        "place 0, 0, 0: one core a place; found cores 0, 1; allowed 1 core"]),
    "a column off the mesh": (lambda d, a: d["cores"].__setitem__(1, [0, 16, 0]), [
        "core 1: column of a core; found 16; allowed 0 to 15"]),
    "a row off the mesh": (lambda d, a: d["cores"].__setitem__(1, [0, 0, -1]), [
        "core 1: row of a core; found -1; allowed 0 to 7"]),
    "a chip off the board": (lambda d, a: d["cores"].__setitem__(1, [2, 0, 0]), [
        "core 1: chip of a core; found 2; allowed 0 to 1"]),
    "another profile": (lambda d, a: d.update(profile="loihi1"), [
        "program: profile; found loihi1; allowed loihi2-graded"]),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_place_that_is_wrong(name: str) -> None:
    change, text = PLACES[name]
    assert said(change) == text


def test_a_chip_and_a_board_that_are_too_small() -> None:
    assert said(lambda d, a: d["cores"].__setitem__(1, [0, 1, 0]), chip={"cores_usable": 1}) == [
        "chip 0: cores of a chip; found 2; allowed 1"]
    assert said(nothing, chip={"cores_usable": 0})[2:] == [
        "loihi2-graded: cores of the board; found 2; allowed 0"]
