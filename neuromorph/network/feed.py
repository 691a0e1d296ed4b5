"""Feeding: a population of one network in the place of a source of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neuromorph.errors import NetworkError
from neuromorph.network.compose import as_part, union, wire
from neuromorph.network.model import Network
from neuromorph.network.verify import verify
from neuromorph.network.wires import no_such_input
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Feed(Shown):
    """What feeds an input.

    Attributes
    ----------
    network : Network
        Feeds of one network object share it; each other one needs a name of its own.
    output : str
        One of its outputs, or any of its populations.
    """

    network: Network
    output: str


def fed(network: Network, feeds: Mapping[str, Feed]) -> Network:
    """The network with populations of others in the place of some of its inputs.

    ::

        fed(net, {"in": Feed(other, "out")}) = wire(net and other.…, {"in": "other.out"})

    What comes from another network is called ``other.name``, its inputs and outputs too; the
    network's own names stay (`compose`).

    Parameters
    ----------
    network : Network
    feeds : mapping of input name to Feed

    Raises
    ------
    NetworkError
        If there is no such input or output; naming the wire, if size, plain or graded spikes,
        payloads or steps do not fit; naming the other network, if domains or periods do not; if
        names would clash.
    """
    for name, feed in feeds.items():
        if not isinstance(feed, Feed):
            raise NetworkError("this is no feed", where=name, found=type(feed).__name__,
                               hint="Feed(network, output)")
    verify(network)
    others = list({id(feed.network): feed.network for feed in feeds.values()}.values())
    _check_names(network, [verify(other).name for other in others])
    known = [port.name for port in network.inputs]
    for name in feeds.keys() - set(known):
        raise no_such_input(name, known, network.name)
    whole = union(network.name, [network, *(as_part(other, other.name) for other in others)])
    return wire(whole, {name: f"{feed.network.name}.{feed.output}"
                        for name, feed in feeds.items()})


def _check_names(network: Network, others: list[str]) -> None:
    """With its own name before them, those of another network are nobody else's."""
    taken = [*(p.name for p in network.populations), *(p.name for p in network.projections)]
    for n, name in enumerate(others):
        if name in others[:n] or any(one.startswith(f"{name}.") for one in taken):
            raise NetworkError("a feeding network needs a name of its own", where=network.name,
                               found=name, hint="give it another with `dataclasses.replace`")
