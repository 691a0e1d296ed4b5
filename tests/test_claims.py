"""Measured figures of the pages are those of their sources, and none is without a source."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # dataclasses look for their module
    spec.loader.exec_module(loaded)
    return loaded


claims = module("claims")
ALL = claims.read()
PAGES = (*ALL.every_number, *ALL.measured_only)


def about(text: str):
    """The one claim whose quote holds the text."""
    [found] = [claim for claim in ALL.claims if text in claim.text]
    return found


@pytest.mark.parametrize("claim", ALL.claims, ids=lambda c: f"{c.page}: {c.text[:50]}")
def test_a_claim_is_what_its_source_says(claim) -> None:
    assert claims.faults(claim) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_figure_without_a_claim(name: str) -> None:
    """If this fails: a row in docs/claims.toml, then python docs/generate.py."""
    assert claims.uncovered(name, ALL) == []


def test_every_exemption_is_needed() -> None:
    assert claims.unused(ALL) == []


def test_the_page_of_claims_is_current() -> None:
    assert (ROOT / "docs" / "claims.md").read_text("utf-8") == claims.claims_page()


# --- planted faults


def test_a_digit_that_changes_on_the_page_is_found() -> None:
    claim = about("16 604 tokens of 64 unseen")
    text = claims.page("README.md").replace("1.005 (1.003–1.007)", "1.004 (1.003–1.007)")
    assert [f for f in claims.faults(claim, said=text) if "README.md does not say" in f]


def test_a_digit_that_changes_on_the_page_and_in_the_quote_is_found() -> None:
    claim = about("16 604 tokens of 64 unseen")
    text = claims.page("README.md").replace("1.005 (1.003–1.007)", "1.004 (1.003–1.007)")
    other = replace(claim, text=claim.text.replace("1.005", "1.004"))
    assert claims.faults(other, said=text) == [
        f"README.md says 1.004 in '{other.text}', which no figure of the claim is, in its turn"]


def test_nearly_every_last_digit_that_changes_is_found() -> None:
    """On the page and in the quote; a neighbour of the figure's may still agree with it."""
    escaped, tried = [], 0
    for claim in ALL.claims:
        quote = claims.plain(claim.text)
        for found in claims.NUMBER.finditer(quote):
            if found[0] not in claim.settings:
                digit = str((int(found[0][-1]) + 1) % 10)
                other = quote[:found.end() - 1] + digit + quote[found.end():]
                tried += 1
                if not claims.faults(replace(claim, text=other), said=other):
                    escaped.append((found[0], quote))
    assert tried > 200
    assert len(escaped) < tried / 20, escaped


@pytest.mark.parametrize(("quote", "old", "new"), [
    ("16 604 tokens of 64 unseen", "1.0051 (1.0029", "1.0061 (1.0029"),
    ("A synapse is used", "1.17 operations a synapse", "1.57 operations a synapse"),
    ("352 rows are judged", "352 rows are judged", "353 rows are judged"),
    ("AUC of 0.5 / 1 / 2 s", '"ours": 0.73', '"ours": 0.83'),
])
def test_a_measurement_that_changes_is_found(quote: str, old: str, new: str) -> None:
    claim = about(quote)
    text = claims.page(claim.source)
    assert old in text
    assert claims.faults(claim, source=text.replace(old, new)) != []


@pytest.mark.parametrize(("name", "line", "found"), [
    ("README.md", "It is 1.3 times as fast.", True),
    ("README.md", "It takes 7 cores.", True),
    ("README.md", "Run `make bench BENCH=x7`.", False),
    ("README.md", "    neuromorph run naam --seeds 20", False),
    ("README.md", "It needs Python 3.11 and later, or Loihi 2.", False),
    ("docs/tune.md", "It has KL .0123 then.", True),
    ("docs/tune.md", "It took 31 % fewer.", True),
    ("docs/tune.md", "There are 32 trials at most.", False),
])
def test_a_new_figure_is_found(name: str, line: str, found: bool) -> None:
    text = f"{claims.page(name)}\n\n{line}\n"
    assert bool(claims.uncovered(name, ALL, text)) is found


def test_a_section_that_moves_away_is_found() -> None:
    claim = about("It generates 3.7 times")
    text = re.sub("(?m)^## Generating beside torch", "## Other", claims.page(claim.source))
    assert claims.faults(claim, source=text) == ["0 headings begin with 'Generating beside torch'"]


def test_a_figure_of_another_section_does_not_count() -> None:
    claim = replace(about("It generates 3.7 times"), under="Speed beside float")
    assert [f for f in claims.faults(claim) if "does not say" in f]


def test_a_setting_that_is_not_said_is_found() -> None:
    claim = replace(about("567 cores"), settings=("99",))
    assert claims.faults(claim) == ["'567 cores on 5 chips' has no setting 99"]


@pytest.mark.parametrize(("said", "measured", "agrees"), [
    ("1.005", 1.0051, True), ("1.005", 1.0056, False), (".044", .0438, True), ("125", 124.8, True),
    ("125", 124.2, False), ("10 000", 12_900, True), ("10 000", 16_000, False),
    ("16 604", 16_604, True), ("16 604", 16_605, False), ("0", .4, True), ("120", 124, False)])
def test_numbers_agree_as_they_are_rounded(said: str, measured: float, agrees: bool) -> None:
    assert claims.agrees(said, measured) is agrees


def test_numbers_are_read_as_they_are_written() -> None:
    assert claims.numbers("16 604 of v2 and SmolLM2: .5, 1.25–3 %, 8-bit, 512") == [
        "16 604", ".5", "1.25", "3", "8", "512"]


def test_a_test_may_hold_a_number() -> None:
    text = "def test_a() -> None:\n    assert x < .98\n\n\ndef test_b() -> None:\n    assert 7\n"
    claim = claims.Claim("p.md", "above .98", source="tests/x.py", under="test_a")
    assert claims.faults(claim, said="It is above .98.", source=text) == []
    assert claims.faults(replace(claim, under="test_b"), said="above .98", source=text) != []
    assert claims.faults(replace(claim, under="test_c"), said="above .98", source=text) == [
        "tests/x.py has no test test_c"]
