"""Families of models, many of them: what `docs/families.md` says is what happens."""

from __future__ import annotations

import pytest

from benchmarks import families
from benchmarks.zoo import FAMILIES

pytestmark = [pytest.mark.hf, pytest.mark.slow]
pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

LEAST = 80
PAGE = families.PAGE.read_text("utf-8")


def test_the_page_is_of_these_families() -> None:
    lines = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    names = [line[0].removeprefix("| ") for line in lines]
    assert sorted(name for name in names if name != "family") == sorted(FAMILIES)
    assert sum(len(line) > 3 for line in lines) - 1 >= LEAST


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.filterwarnings("ignore::neuromorph.errors.NeuromorphWarning")
def test_a_family_is_as_the_page_says(name: str) -> None:
    row = families.row_of(name, FAMILIES[name])
    if "refused" in row:
        assert name in families.REASONS
        assert f"\n{families.line_of(name, row)}\n" in PAGE
        return
    assert row["cosine"] > families.CLOSE
    assert row["spread"] > families.FAR
    assert row["queries"] == row["counted"] > 0
    start = f"\n| {name} | "
    assert start in PAGE
    assert PAGE.split(start)[1].splitlines()[0].endswith(
        f"{row['queries']} | {row['counted']} | {row['layers']} | {row['way']} |")
