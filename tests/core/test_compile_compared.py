"""Figures beside an estimate: recomputed by hand, sourced, and shown in the report."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

import pytest
from compile_report import digits

from neuromorph.api.export import export
from neuromorph.bundle import Bundle
from neuromorph.deploy.compared import A_BYTE, PUBLISHED, cache_bytes, compared_with
from neuromorph.models.digits import WEIGHTS
from neuromorph.report.compile_page import SI_UNITS, render_compile_page
from neuromorph.translate import TranslateOptions

DIGITS_BYTES = {17: 9_792, 34: 19_584}
"""3 layers × 4 key-value heads × slots × (12 + 12) numbers × 2 bytes."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    path = tmp_path_factory.mktemp("digits") / "bundle"
    return export(WEIGHTS, path, options=TranslateOptions(spikes="binary")).bundle


def by_words(rows: list[dict[str, Any]], *words: str) -> float:
    """The value of the one row that says all of this."""
    found = [row["value"] for row in rows if all(word in row["what"] for word in words)]
    assert len(found) == 1, found
    return float(found[0])


def with_slots(bundle: Bundle, slots: int) -> Bundle:
    codes = {name: replace(code, heads=tuple(replace(h, slots=slots) for h in code.heads))
             for name, code in bundle.codes.items()}
    return replace(bundle, codes=codes)


@pytest.mark.parametrize("slots", DIGITS_BYTES)
def test_the_bytes_of_the_digits_model_are_those_counted_by_hand(
    bundle: Bundle, slots: int
) -> None:
    longer = with_slots(bundle, slots)
    assert cache_bytes(longer) == DIGITS_BYTES[slots]
    assert by_words(compared_with(longer), "key-value cache") == DIGITS_BYTES[slots]


def test_a_key_that_several_queries_share_is_read_once(bundle: Bundle) -> None:
    shared = {name: replace(code, heads=code.heads * 2) for name, code in bundle.codes.items()}
    assert cache_bytes(replace(bundle, codes=shared)) == DIGITS_BYTES[17]


def test_time_and_energy_follow_from_bandwidth_and_power(bundle: Bundle) -> None:
    rows = compared_with(bundle)
    edge = by_words(rows, "time", "Jetson")
    assert edge == pytest.approx(9_792 / 68e9)
    assert by_words(rows, "energy", "edge GPU") == pytest.approx(15 * edge)
    assert by_words(rows, "time", "CPU") == pytest.approx(9_792 / 51.2e9)
    assert by_words(rows, "energy", "from DDR4") == pytest.approx(9_792 * 8 * 15e-12)
    assert by_words(rows, "energy", "LPDDR4X") == pytest.approx(9_792 * 8 * 4e-12)


def test_published_figures_do_not_depend_on_the_bundle(bundle: Bundle) -> None:
    rows, longer = compared_with(bundle), compared_with(with_slots(bundle, 34))
    assert rows[len(A_BYTE):] == longer[len(A_BYTE):]
    assert len(rows) == len(A_BYTE) + len(PUBLISHED)
    assert by_words(rows, "370M", "chips") == 0.405
    assert by_words(rows, "time of one token") == pytest.approx(0.0241, abs=5e-5)
    assert by_words(rows, "Hala Point") == pytest.approx(0.0185, abs=5e-5)


def test_every_row_names_its_unit_and_its_source(bundle: Bundle) -> None:
    rows = compared_with(bundle)
    assert len({row["what"] for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"what", "value", "unit", "source"}
        assert row["unit"] in {*SI_UNITS, "B"}
        assert row["value"] > 0
        assert row["source"]
    for row in rows[1:len(A_BYTE)]:
        assert "assumed" in row["source"]


def test_the_page_shows_every_row(bundle: Bundle) -> None:
    rows = compared_with(bundle)
    page = html.unescape(render_compile_page(digits() | {"compared": rows}, {}))
    for row in rows:
        assert row["what"] in page
        assert row["source"] in page
    for value in ("9,792 B", "144 ns", "2.16 µJ", "191 ns", "1.18 µJ", "313 nJ", "405 mJ",
                  "24.1 ms", "18.5 mW", "23.6 pJ"):
        assert value in page, value
