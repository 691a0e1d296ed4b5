"""How a compile report looks: terminal, pictures, page; for what fits and for what does not."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from compile_report import digits, hala_point, not_fitting, smollm2
from rich.console import Console

from neuromorph.compile.packing.limits import limits_of
from neuromorph.compile.packing.place import coordinates
from neuromorph.profiles import load_profile
from neuromorph.report.compile_page import PICTURES, render_compile_page
from neuromorph.report.compile_pictures import (
    chip_at,
    draw_chips,
    draw_fidelity,
    draw_links,
    draw_pictures,
)
from neuromorph.report.compile_tables import compile_tables, core_shares, drawn_resource
from neuromorph.report.si import si

PNG = b"\x89PNG\r\n\x1a\n"
ALL = pytest.mark.parametrize("report", [digits(), smollm2(), hala_point(), not_fitting()],
                              ids=["digits", "smollm2", "hala_point", "not_fitting"])


def terminal(report: dict[str, Any], *, width: int = 80, colour: bool = False) -> str:
    console = Console(width=width, force_terminal=colour,
                      color_system="standard" if colour else None)
    with console.capture() as captured:
        for part in compile_tables(report):
            console.print(part, markup=False, highlight=False)
    return captured.get()


def one_line(text: str) -> str:
    """Without the breaks that the width of a cell brings about."""
    return " ".join(text.split())


def page(report: dict[str, Any]) -> str:
    return render_compile_page(report, dict.fromkeys(PICTURES, PNG))


class Structure(HTMLParser):
    """Tags that are open, what is fetched, and the text."""

    EMPTY = ("meta", "img", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


# --- the terminal


@ALL
def test_eighty_columns_are_enough(report: dict[str, Any]) -> None:
    lines = terminal(report).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 52  # one screen: bands over sets took the place of single numbers


@ALL
@pytest.mark.parametrize("show", [terminal, page])
def test_no_number_is_nan(report: dict[str, Any], show: Any) -> None:
    assert not re.search(r"\b(nan|inf|None)\b", " ".join(Structure(show(report)).text))


@pytest.mark.parametrize("show", [lambda r: terminal(r, width=200), page])
def test_the_numbers_of_the_report_are_there(show: Any) -> None:
    text = one_line(" ".join(Structure(show(smollm2())).text))
    for words in ("148 of 960 usable, on 2 of 8 chips", "no packing takes fewer than 141",
                  "270 heads of 512 slots, static memory, graded spikes",
                  "87 heads over several cores; 357 slices", "median head 28, most 47",
                  "yes: 40 queries of 8 heads, against backend fast", "with pilotnet_measured",
                  "static (estimate)", "one query of every head", "beside the time",
                  "worst resource synaptic memory", "on average neurons 10 %"):
        assert words in text, words


def test_the_energy_is_told_by_kind() -> None:
    report = digits()
    text = one_line(terminal(report))
    for name, joules in report["energy_joules"].items():
        assert f"{name} {si(joules, 'J')}" in text
    assert text.index("static (estimate)") < text.index("events (estimate)")
    assert text.index(f"static {si(report['energy_joules']['static'], 'J')}") \
        < text.index("neuron updates ")


def test_the_phases_are_told_one_by_one() -> None:
    text = one_line(" ".join(Structure(page(digits())).text))
    assert "Phase by phase, one query of every head (estimate, pilotnet_measured)" in text
    assert "query 1 3 20 µs synaptic operations 20 µs 4 % 2 %" in text
    assert "ramp + go 14 3 10 µs synaptic operations 140 µs 30 % 15 %" in text
    assert "none 1.5 3 10 µs synaptic operations 15 µs 3 % 2 %" in text
    for report in (digits() | {"by_phase": []}, not_fitting()):
        assert "Phase by phase" not in page(report)


def test_the_terminal_tells_the_longest_phases() -> None:
    text = one_line(terminal(digits(), width=200))
    assert ("10 µs a mean step; waits: ramp 55 % (synapses), ramp + go 30 % (synapses), "
            "query 4 % (synapses)") in text
    assert "a mean step evidence" in one_line(terminal(digits() | {"by_phase": []}, width=200))


def test_the_worst_heads_come_first() -> None:
    report = smollm2()
    text = terminal(report)
    cosines = [f"{head['cosine']:.4f}" for head in report["fidelity"]]
    places = [text.index(cosine) for cosine in cosines[:6]]
    assert places == sorted(places)
    assert cosines[8] not in text
    assert "the worst 6 of 270 heads" in text


def test_a_profile_without_costs_has_no_energy() -> None:
    report = digits() | {"energy_joules": None, "energy_total_joules": None, "costs": None,
                         "latency_seconds": None, "step_seconds": None, "band": None}
    assert one_line(terminal(report)).count("none: the profile has no costs") == 2


def test_a_head_without_a_cosine_is_a_dash() -> None:
    report = digits()
    for missing in (math.nan, None):
        report["fidelity"][-1] |= {"cosine": missing, "kl": missing}
        assert "nan" not in Structure(page(report)).text
        assert re.search(r"\d +- +- ", one_line(terminal(report | {
            "fidelity": report["fidelity"][-1:]})))
        assert draw_fidelity(report).startswith(PNG)


# --- what is broken, what does not fit


def broken(count: int = 1) -> dict[str, Any]:
    faults = [{"rule": "synapse_bits of a core", "where": f"core {7 + n}", "found": 1_100_000,
               "allowed": 1_048_576} for n in range(count)]
    return digits() | {"violations": faults}


def test_a_broken_rule_is_red() -> None:
    assert "\x1b[1;31mBroken: core 7: synapse_bits of a core; found 1,100,000, allowed 1,048,576" \
        in terminal(broken(), width=120, colour=True)
    assert "no: 1 rule broken" in terminal(broken())
    assert '<ul class="broken">' in page(broken())
    assert "Broken" not in terminal(digits())
    assert '<ul class="broken">' not in page(digits())


def test_the_terminal_counts_the_rules_that_it_leaves_out() -> None:
    text = terminal(broken(50))
    assert "44 rules more" in text
    assert "core 56" not in text
    assert "core 56" in page(broken(50))


def test_a_difference_to_the_bundle_is_red() -> None:
    report = digits()
    report["bit_exact"] = report["bit_exact"] | {"equal": False}
    assert "\x1b[1;31mThe placed program and the bundle do not agree to the bit" \
        in terminal(report, colour=True)
    assert "no: 40 queries of 8 heads" in terminal(report)


@pytest.mark.parametrize("show", [terminal, page])
def test_what_does_not_fit_says_why_and_what_would_help(show: Any) -> None:
    text = one_line(" ".join(Structure(show(not_fitting())).text))
    for words in ("Does not fit Intel Loihi 2", "no: 148 cores are needed, the board has 120",
                  "smallest board that would do kapoho_point", "synaptic memory 16.9 MiB",
                  "neurons 156,060",
                  "What would make it fit", "export with --slots 384 or fewer"):
        assert words in re.sub(r"[─ ]+", " ", text), words


def test_the_needs_stand_beside_what_a_core_holds() -> None:
    report = not_fitting() | {"capacities": digits()["capacities"]}
    assert "synaptic memory 16.9 MiB 128.0 KiB" in one_line(terminal(report))


def test_no_board_may_be_large_enough() -> None:
    assert "none that is known" in terminal(not_fitting() | {"smallest_board": None})


# --- the page


def test_published_numbers_stand_beside_the_estimate() -> None:
    assert "23.6 pJ" in page(digits())
    assert "For comparison" not in page(digits() | {"compared": []})
    beside = [{"what": "cores", "value": 1200.0, "unit": "cores", "source": "a paper"}]
    assert "1,200 cores" in page(digits() | {"compared": beside})


@ALL
def test_the_page_is_whole_and_fetches_nothing(report: dict[str, Any]) -> None:
    text = page(report)
    found = Structure(text)
    assert found.open == []
    assert all(a.startswith("data:image/png;base64,") for a in found.addresses)
    assert not {"script", "link", "iframe", "object"} & set(found.tags)
    assert not re.search(r"https?:|url\(|@import", text)


def test_names_are_no_markup() -> None:
    nasty = '<script>alert("x")</script>[red]&'
    report = digits() | {"bundle": nasty, "title": nasty, "notes": [nasty]}
    report["fidelity"][0]["layer"] = nasty
    report["violations"] = [{"rule": nasty, "where": nasty, "found": 1, "allowed": 0}]
    found = Structure(page(report))
    assert "script" not in found.tags
    assert nasty in found.text
    assert nasty in terminal(report, width=200)


def test_the_page_holds_its_pictures() -> None:
    found = Structure(render_compile_page(digits(), draw_pictures(digits())))
    assert len(found.addresses) == len(PICTURES)
    assert "<img" not in render_compile_page(not_fitting(), draw_pictures(not_fitting()))


# --- the pictures


def test_a_picture_is_drawn_the_same_each_time() -> None:
    once = draw_links(digits())
    assert once.startswith(PNG)
    assert once == draw_links(digits())


def test_a_fuller_core_looks_fuller() -> None:
    report = digits()
    emptier = report | {"core_table": [[*row[:4], row[4] // 2, *row[5:]]
                                       for row in report["core_table"]]}
    assert draw_chips(report) != draw_chips(emptier)


def test_a_large_board_is_drawn() -> None:
    assert draw_chips(hala_point()).startswith(PNG)


@pytest.mark.parametrize("links", [[[0, 1, 5.0]], [[0, 1, 0.25], [1, 0, 9e6]]])
def test_few_packets_and_many_are_drawn(links: list[list[float]]) -> None:
    assert draw_links(digits() | {"links": links}).startswith(PNG)


def test_names_are_no_mathematics() -> None:
    report = digits() | {"title": r"$\frac$"}
    for head in report["fidelity"]:
        head["layer"] = rf"$\frac$ {head['layer']} of\nanother"
    assert draw_fidelity(report).startswith(PNG)
    assert draw_chips(report).startswith(PNG)


def test_packets_between_many_chips_are_drawn() -> None:
    assert draw_links(hala_point()).startswith(PNG)


def test_what_is_not_there_is_not_drawn() -> None:
    report = digits() | {"links": [[0, 0, 5.0]], "energy_joules": None, "schedule": []}
    assert draw_pictures(report).keys() == {"chips", "fidelity"}
    assert draw_pictures(report | {"fidelity": []}).keys() == {"chips"}
    assert "Against float attention" not in terminal(report | {"fidelity": []})
    assert draw_pictures(not_fitting()) == {}


def test_chips_stand_where_placement_has_them() -> None:
    limits = limits_of(load_profile("hala_point"))
    places = np.array([[chip, 0, 0] for chip in range(limits.chips or 0)])
    ours = [chip_at(chip, limits.chip_columns) for chip in places[:, 0].tolist()]
    corners = coordinates(places, limits) // [limits.columns, limits.rows]
    assert [(row, column) for column, row in corners.tolist()] == ours


def test_shares_are_of_a_cores_capacity() -> None:
    report = digits() | {"core_table": [[0, 0, 0, 4096, 1048576, 1024, 0]]}
    assert [core_shares(report, name) for name in report["capacities"]] == [[0.5], [1.0], [0.25],
                                                                           [0.0]]


def test_what_is_not_known_core_by_core_is_drawn_by_the_fullest() -> None:
    assert drawn_resource(digits() | {"worst_resource": "in_axons"}) == "in_axons"
    assert drawn_resource(digits() | {"worst_resource": "memory_bits"}) == "synapse_bits"


@pytest.mark.parametrize(("value", "text"), [
    (1.234e-5, "12.3 µJ"), (0.99996, "1 J"), (9.9996e-4, "1 mJ"), (0.0, "0 J"), (None, "-"),
    (math.nan, "-"), (2.36e-11, "23.6 pJ"), (1234.0, "1.23 kJ"), (5e-15, "0.005 pJ"),
])
def test_small_numbers_have_prefixes(value: float | None, text: str) -> None:
    assert si(value, "J") == text
