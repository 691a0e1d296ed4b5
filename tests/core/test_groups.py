"""Populations that are tied together: every one in one group, whatever the order of the ties."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorph.network import Network, Population, Source
from neuromorph.network.groups import tied

NAMES = tuple("abcdefgh")
ALONE = Network("alone", "fixed", tuple(Population(n, 1, Source()) for n in NAMES), ())
ties = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), max_size=10)


def reached(ties: list[list[str]], name: str) -> set[str]:
    """By walking from a population until nothing new comes."""
    found = {name}
    while more := {other for tie in ties if found & {*tie} for other in tie} - found:
        found |= more
    return found


@given(ties)
@settings(max_examples=200, deadline=None)
def test_a_group_is_all_that_can_be_reached(ties: list[list[str]]) -> None:
    groups = tied(ALONE, ties)
    assert sorted(name for group in groups for name in group) == sorted(NAMES)
    for group in groups:
        for name in group:
            assert group == reached(ties, name)


def test_groups_stand_in_the_order_of_their_first_population() -> None:
    assert tied(ALONE, [("h", None, "b"), ("g", "h"), ("d", "a")]) == [
        {"a", "d"}, {"b", "g", "h"}, {"c"}, {"e"}, {"f"}]
