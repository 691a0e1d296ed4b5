"""What drives the heads of a block: constants by step, slots in turn, sides of keys and values.

All that a host sends to a head's inputs (`hebbian_attention.inputs_of`) comes from here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neuromorph.circuits.block.layers import input_of, one_to_one, source, to_all
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.hebbian_attention import WRITE_STEPS
from neuromorph.circuits.hebbian_attention.ports import inputs_of
from neuromorph.circuits.hebbian_attention.rules import GATE
from neuromorph.circuits.hebbian_attention.writing import (
    FIRE_AT,
    LEARN_AT,
    LIFT_AT,
    lift_to_fire,
)
from neuromorph.circuits.latency_attention import LatencyAttention
from neuromorph.circuits.latency_attention.motif import CLEAR
from neuromorph.network import Network, Phase, Population, Port, Projection, Relay, Schedule
from neuromorph.neurons.drive import Drive
from neuromorph.neurons.key_side import KeySide
from neuromorph.neurons.slot import Slot
from neuromorph.neurons.value_side import ValueSide
from neuromorph.numerics.held import identity
from neuromorph.numerics.limits import PAYLOAD_BITS, STATE_MAX

Pieces = tuple[list[Population], list[Projection]]


def clock(block: Block) -> Network:
    """Drives, slots and sides of all heads.

    ::

        token --> lift, fire, store, mask, absent     (`Slot`)     absent --> excused
        lift, fire --> write                          ramp --> drive
        key --> side --> axon <-- query               value_x --> value_on, value_off
    """
    populations = [source("token", 1), *(source(name, rows) for name, rows in (
        ("query", block.query.outputs), ("key", block.key.outputs),
        ("value_x", block.value.outputs)))]
    projections: list[Projection] = []
    for found in (_slots(block), *(_group(block, g) for g in range(block.groups)),
                  *(_head(block, n) for n in range(len(block.heads)))):
        populations += found[0]
        projections += found[1]
    period, times = block.period, block.timeline
    inputs = (
        Port("token", "token", 1, PAYLOAD_BITS, -2, 1, (0,),
             "1 with every token; -2: it goes into the first slot; -1: all slots are empty again"),
        input_of("query", block.query.outputs, -block.query_code.limit, block.query_code.limit,
                 (times.code_at % period,)),
        input_of("key", block.key.outputs, -block.key_code.limit, block.key_code.limit,
                 (times.code_at % period,)),
        input_of("value_x", block.value.outputs, -STATE_MAX, STATE_MAX, (times.x_at % period,)))
    return Network("clock", "fixed", tuple(populations), tuple(projections),
                   Schedule(period, (Phase("clock", 0, period),)), inputs=inputs)


def wires_of(block: Block, head: int) -> dict[str, str]:
    """Which population here each input of a head hears."""
    group = block.group_of(head)
    return {"query": f"axon{head}", "drive": f"drive{head}", "flush": f"flush{head}",
            "write": f"write{head}", "renew": f"renew{head}", "mask": "mask",
            "excused": "excused", "store": "store", "value_on": f"value_on{group}",
            "value_off": f"value_off{group}"}


def _when(block: Block, own: int) -> int:
    """The step of the whole that is so many steps after a head's period begins."""
    step: int = (block.timeline.head_at + own) % block.period
    return step


def _slots(block: Block) -> Pieces:
    """Who speaks for the slot that is written, and for those that are empty."""
    head, n, pulse_at = block.heads[0], block.slots, block.timeline.pulse_at
    hidden = WRITE_STEPS + head.clears
    found = [Population(name, n, Slot(np.arange(n), n, empty, payload, 1, block.period,
                                      pulse_at % block.period, _when(block, own)))
             for name, empty, payload, own in (
                 ("lift", 0, CLEAR, LIFT_AT - 1), ("store", 0, GATE, LEARN_AT),
                 ("mask", 1, head.clear, hidden), ("absent", 1, 1, hidden - 1))]
    ways = [to_all(f"pulse_{p.name}", "token", p.name, n, pulse_at - 1) for p in found]
    ways.append(Projection("count", "absent", "excused", np.ones((1, n), np.int32), graded=True))
    return [*found, Population("excused", 1, Relay())], ways


def _group(block: Block, group: int) -> Pieces:
    """Sides of the keys and values that some heads share."""
    size, period, times = block.size, block.period, block.timeline
    mine = slice(group * size, (group + 1) * size)
    names = f"side{group}", f"value_on{group}", f"value_off{group}"
    sides = Population(names[0], 2 * size, KeySide(
        np.repeat([0, 1], size), 2 * block.key_code.limit, period, times.side_at % period))
    code, found, ways = block.value_code, [sides], []
    rows = identity(block.key.outputs)[mine]
    ways.append(Projection(f"to_{names[0]}", "key", names[0], np.tile(rows, (2, 1)), graded=True))
    for off, name in enumerate(names[1:]):
        found.append(Population(name, size, ValueSide(
            off, code.centre[mine], code.multiplier[mine], code.shift[mine], code.limit, period,
            _when(block, LEARN_AT))))
        ways.append(Projection(f"to_{name}", "value_x", name, rows,
                               times.head_at + LEARN_AT - times.x_at - 1, graded=True))
    return found, ways


def _head(block: Block, n: int) -> Pieces:
    """What one head hears alone."""
    head, size, period = block.heads[n], block.size, block.period
    times = block.timeline
    lines = list(_lines(block, head))
    ramp = Drive(np.array([value for value, _, _ in lines]),
                 np.array([steps for _, steps, _ in lines]), 0, period,
                 np.array([at for _, _, at in lines]))
    fire = Slot(np.arange(block.slots), block.slots, 0, lift_to_fire(head), 1, period,
                times.pulse_at % period, _when(block, FIRE_AT - 1))
    found = [
        Population(f"ramp{n}", len(lines), ramp), Population(f"drive{n}", 1, Relay()),
        Population(f"flush{n}", 1, Drive(head.flush, 1, 0, period, _when(
            block, WRITE_STEPS + head.clears))),
        Population(f"renew{n}", size, Drive(GATE, 1, 0, period, _when(block, LEARN_AT))),
        Population(f"fire{n}", block.slots, fire), Population(f"write{n}", block.slots, Relay()),
        Population(f"axon{n}", 2 * size, Relay())]
    asked = times.head_at + WRITE_STEPS + head.query_at - times.code_at - 1
    rows = identity(block.query.outputs)[n * size : (n + 1) * size]
    return found, [
        Projection(f"sweep{n}", f"ramp{n}", f"drive{n}", np.ones((1, len(lines)), np.int32),
                   graded=True),
        to_all(f"pulse_fire{n}", "token", f"fire{n}", block.slots, times.pulse_at - 1),
        one_to_one(f"lifted{n}", "lift", f"write{n}", block.slots),
        one_to_one(f"fired{n}", f"fire{n}", f"write{n}", block.slots),
        one_to_one(f"keyed{n}", f"side{block.group_of(n)}", f"axon{n}", 2 * size),
        Projection(f"asked_on{n}", "query", f"axon{n}", np.vstack([-rows, 0 * rows]), asked,
                   graded=True),
        Projection(f"asked_off{n}", "query", f"axon{n}", np.vstack([0 * rows, rows]), asked,
                   graded=True)]


def _lines(block: Block, head: LatencyAttention) -> Iterator[tuple[int, int, int]]:
    """(constant, steps, first step) of the drive; relays say it a step later."""
    (drive,) = (port for port in inputs_of(head) if port.name == "drive")
    for start, stop, value, _ in drive.course or ():
        yield value, stop - start, _when(block, start - 1)
