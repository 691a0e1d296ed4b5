"""Small networks that send on, a step later, what a host sends them: to feed circuits with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.backends.interface import Inputs, Recording
from neuromorph.network import (
    CubaLIF,
    Feed,
    Network,
    Population,
    Port,
    Probe,
    Projection,
    Relay,
    Schedule,
    Source,
    fed,
)

OUT = "out"


class Fed(NamedTuple):
    """A network some of whose inputs are fed, and the trains that make the feeds say the same."""

    network: Network
    inputs: Inputs


def front(port: Port, schedule: Schedule | None = None, name: str = "") -> Network:
    """A relay behind a graded source of the port's range; a CubaLIF behind a plain one.

    With a schedule it says in which steps it speaks.
    """
    said = port if schedule else replace(port, steps=None, course=None)
    before = said.later(-1, schedule.period) if schedule else said
    axons = Population("in", port.size, Source(port.payload_bits))
    cells = Population(OUT, port.size, Relay() if port.payload_bits else CubaLIF(vth=0))
    known = replace(said, name=OUT, population=OUT, payload_bits=cells.model.payload_bits)
    return Network(
        name or f"{port.name}_front", "fixed", (axons, cells),
        (Projection("on", "in", OUT, np.eye(port.size, dtype=np.int32),
                    graded=bool(port.payload_bits)),),
        schedule, inputs=(replace(before, name="in", population="in"),),
        outputs=(known,))


def letters_of(port: Port) -> NDArray[np.int64]:
    """What plain axons stand for: a gate's one payload, or the bits of 127."""
    return np.array([port.high]) if port.high & port.high - 1 == 0 else 1 << np.arange(7)


def front_of_letters(port: Port) -> Network:
    """Relays behind plain axons: proved to stay in the port's range, whatever a host sends."""
    weights = np.kron(np.eye(port.size, dtype=np.int32), letters_of(port)).astype(np.int32)
    axons, cells = Population("in", weights.shape[1], Source()), Population(OUT, port.size, Relay())
    return Network(f"{port.name}_front", "fixed", (axons, cells),
                   (Projection("on", "in", OUT, weights),), inputs=(Port.of(axons),),
                   outputs=(Port(OUT, OUT, port.size, Relay().payload_bits, 0, port.high),))


def in_letters(port: Port, train: NDArray[Any]) -> NDArray[np.int64]:
    """What the axons of `front_of_letters` must say, shape (steps, letters times size)."""
    found = (train[:, :, None] & letters_of(port)) != 0
    return found.reshape(len(train), -1).astype(np.int64)


def later(inputs: Inputs, steps: int) -> dict[str, NDArray[Any]]:
    """The trains after so many silent steps."""
    return {name: np.pad(train, ((steps, 0), (0, 0))) for name, train in inputs.items()}


def feed_all(
    network: Network, inputs: Inputs, names: Iterable[str], in_step: bool = False
) -> Fed:
    """Some inputs fed by a front each, which is sent a step earlier what the input was sent."""
    ports = {port.name: port for port in network.inputs}
    third = {name for p in network.plastic for name in p.modulators}
    trains, feeds = later(inputs, 1), dict[str, Feed]()
    for name in names:
        port = ports[name]
        other = front_of_letters(port) if name in third else front(
            port, network.schedule if in_step else None)
        feeds[name] = Feed(other, OUT)
        trains.pop(port.population)
        early = in_letters(port, inputs[name]) if name in third else inputs[name]
        trains[f"{other.name}.in"] = np.pad(early, ((0, 1), (0, 0)))
    return Fed(fed(network, feeds), trains)


def assert_as_driven(
    network: Network, inputs: Inputs, steps: int, names: Iterable[str], backend: str = "fast"
) -> Recording:
    """Every trace and every learned weight is that of the host's run a step later."""
    found = feed_all(network, inputs, names)
    probes = [Probe(p.name, variable) for p in network.populations if not p.is_source
              for variable in p.model.records]
    run = backends.get(backend).run
    driven = run(network, later(inputs, 1), probes, steps + 1)
    got = run(found.network, found.inputs, probes, steps + 1)
    assert_same(driven, got)
    return got


def assert_same(one: Recording, other: Recording, shift: int = 0) -> None:
    """Equal to the bit, the other so many steps later."""
    assert one.traces
    for probe, trace in one.traces.items():
        np.testing.assert_array_equal(other.traces[probe][shift:], trace, str(probe))
        assert not np.any(other.traces[probe][:shift]), probe
    assert_learned(one.synapses, other.synapses)


def assert_learned(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, (weights, tags) in one.items():
        np.testing.assert_array_equal(other[name][0], weights, name)
        np.testing.assert_array_equal(other[name][1], tags, name)
