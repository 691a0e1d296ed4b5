"""Populations that something ties together, directly or through others."""

from __future__ import annotations

from collections.abc import Iterable

from neuromorph.network.model import Network


def tied(network: Network, ties: Iterable[Iterable[str | None]]) -> list[set[str]]:
    """Every population in one group: those of a tie, and of ties that share one, are together.

    Parameters
    ----------
    network : Network
    ties : iterable of iterable of str
        Names of populations, at least one in each; None is nobody.

    Returns
    -------
    list of set of str
        In the order of each group's first population.
    """
    group_of = {p.name: {p.name} for p in network.populations}
    for tie in ties:
        groups = {id(group_of[name]): group_of[name] for name in tie if name is not None}
        largest, *others = sorted(groups.values(), key=len, reverse=True)
        for group in others:  # the smaller move: no name moves more than log2(all) times
            largest |= group
            group_of |= dict.fromkeys(group, largest)
    return list({id(group): group for group in group_of.values()}.values())
