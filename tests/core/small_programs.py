"""Programmable neurons of several ports, each driven by a source: random, small, of every model."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromorph.backends.interface import Inputs
from neuromorph.network import Network, Population, Projection, Source, verify
from neuromorph.neurons import NeuronModel
from neuromorph.neurons.drive import Drive
from neuromorph.neurons.gate import GELU, QUICK_GELU, SILU, Gate
from neuromorph.neurons.homeostatic import Homeostatic
from neuromorph.neurons.key_side import KeySide
from neuromorph.neurons.ladder import ladder
from neuromorph.neurons.product import Product
from neuromorph.neurons.quotient import Quotient
from neuromorph.neurons.reciprocal import Reciprocal
from neuromorph.neurons.regulator import Regulator
from neuromorph.neurons.requantise import Requantise
from neuromorph.neurons.residual import Residual
from neuromorph.neurons.rotary import Rotary
from neuromorph.neurons.rsqrt import Root, Rsqrt
from neuromorph.neurons.scale import Scale
from neuromorph.neurons.slot import Slot
from neuromorph.neurons.square import Square
from neuromorph.neurons.unit_residual import UnitResidual
from neuromorph.neurons.value_side import ValueSide

SIZE, STEPS = 4, 40


def by_neuron(rng: np.random.Generator, low: int, high: int) -> Any:
    """One number, or one a neuron."""
    return int(rng.integers(low, high)) if rng.random() < 0.5 else rng.integers(low, high, SIZE)


def a_product(rng: np.random.Generator) -> Product:
    period = int(rng.integers(1, 5))
    return Product(shift=int(rng.integers(0, 24)), limit=int(rng.choice([1, 127, 2**23 - 1])),
                   period=period, at=by_neuron(rng, 0, period))


def a_requantise(rng: np.random.Generator) -> Requantise:
    period = int(rng.integers(1, 5))
    return Requantise(multiplier=by_neuron(rng, 0, 2**16), shift=by_neuron(rng, 1, 41),
                      bias=by_neuron(rng, -500, 500), limit=int(rng.choice([1, 127, 2**23 - 1])),
                      period=period, at=by_neuron(rng, 0, period))


def a_reciprocal(rng: np.random.Generator) -> Reciprocal:
    return Reciprocal(dv=int(rng.choice([0, 300, 2048, 4096])), lift=int(rng.integers(7)))


def a_quotient(rng: np.random.Generator) -> Quotient:
    period = int(rng.integers(0, 5))
    return Quotient(dv=int(rng.choice([0, 300, 2048, 4096])), lift=int(rng.integers(7)),
                    multiplier=by_neuron(rng, 0, 2**16), shift=by_neuron(rng, 1, 41),
                    centre=by_neuron(rng, -500, 500), limit=int(rng.choice([127, 2**23 - 1])),
                    period=period, at=by_neuron(rng, 0, max(period, 1)))


def a_square(rng: np.random.Generator) -> Square:
    period = int(rng.integers(7, 10))
    return Square(shift=int(rng.integers(30, 48)), limit=int(rng.choice([127, 2**23 - 1])),
                  period=period, at=int(rng.integers(period)))


def a_rsqrt(rng: np.random.Generator) -> Rsqrt:
    found, period = ladder(2, float(rng.choice([0, 2.0**20, 2.0**40]))), int(rng.integers(6, 9))
    return Rsqrt(found.threshold, found.least, found.least_shift,
                 multiplier=int(rng.integers(2**12, 2**16)), shift=int(rng.integers(1, 32)),
                 limit=int(rng.choice([127, 2**23 - 1])), period=period,
                 at=int(rng.integers(period)))


def a_root(rng: np.random.Generator) -> Root:
    found, period = ladder(2, float(rng.choice([0, 2.0**20, 2.0**40]))), int(rng.integers(6, 9))
    return Root(found.threshold, found.least, found.least_shift, period=period,
                at=int(rng.integers(period)))


def a_scale(rng: np.random.Generator) -> Scale:
    period = int(rng.integers(2, 5))
    keep_at, at = (int(one) for one in rng.permutation(period)[:2])
    return Scale(shift=int(rng.integers(1, 24)), fold=by_neuron(rng, 0, 2**16),
                 fold_shift=by_neuron(rng, 1, 20), limit=int(rng.choice([127, 2**23 - 1])),
                 period=period, keep_at=keep_at, at=at)


def some_steps(rng: np.random.Generator, count: int) -> tuple[int, list[int]]:
    """A period, and steps of it that all differ."""
    period = int(rng.integers(count, count + 3))
    return period, [int(one) for one in rng.permutation(period)[:count]]


def a_limit(rng: np.random.Generator) -> int:
    return int(rng.choice([127, 2**23 - 1]))


def a_residual(rng: np.random.Generator) -> Residual:
    period, (keep_at, at) = some_steps(rng, 2)
    return Residual(by_neuron(rng, 0, 2**16), by_neuron(rng, 1, 41), by_neuron(rng, 0, 2**16),
                    by_neuron(rng, 1, 41), by_neuron(rng, -100, 100), a_limit(rng), period,
                    keep_at, at)


def a_unit_residual(rng: np.random.Generator) -> UnitResidual:
    period, first = int(rng.integers(3, 6)), int(rng.integers(3))
    at = int(rng.integers(2, period))
    return UnitResidual(by_neuron(rng, 0, 2**16), by_neuron(rng, 1, 41),
                        by_neuron(rng, 0, 2**16), by_neuron(rng, 18, 48),
                        by_neuron(rng, -100, 100), a_limit(rng), period, first,
                        (first + int(rng.integers(1, at))) % period, (first + at) % period)


def a_rotary(rng: np.random.Generator) -> Rotary:
    period, steps = some_steps(rng, 4)
    return Rotary(by_neuron(rng, 0, 2), by_neuron(rng, -500, 500), by_neuron(rng, 0, 2**16),
                  by_neuron(rng, 1, 41), a_limit(rng), period, *steps)


def a_key_side(rng: np.random.Generator) -> KeySide:
    period = int(rng.integers(1, 5))
    return KeySide(by_neuron(rng, 0, 2), a_limit(rng), period, by_neuron(rng, 0, period))


def a_value_side(rng: np.random.Generator) -> ValueSide:
    period = int(rng.integers(1, 5))
    return ValueSide(by_neuron(rng, 0, 2), by_neuron(rng, -500, 500), by_neuron(rng, 0, 2**16),
                     by_neuron(rng, 1, 41), a_limit(rng), period, by_neuron(rng, 0, period))


def a_drive(rng: np.random.Generator) -> Drive:
    period = int(rng.integers(1, 9))
    return Drive(by_neuron(rng, -2**23 + 1, 2**23), by_neuron(rng, 1, 4), int(rng.integers(2)),
                 period, by_neuron(rng, 0, period))


def a_slot(rng: np.random.Generator) -> Slot:
    (period, (pulse_at, at)), slots = some_steps(rng, 2), int(rng.integers(1, 4))
    place = 0 if rng.random() < 0.3 else np.arange(SIZE) % slots
    return Slot(place, slots, int(rng.integers(2)), by_neuron(rng, -99, 2**23),
                int(rng.integers(1, 3)), period, pulse_at, at)


def a_gate(rng: np.random.Generator) -> Gate:
    period, (gate_at, at) = some_steps(rng, 2)
    scales = [by_neuron(rng, *span) for span in ((0, 2**16), (1, 24), (-500, 500)) * 2]
    slope, cubic = (SILU, GELU, QUICK_GELU)[int(rng.integers(3))]
    return Gate(*scales, int(rng.integers(8, 15)), slope, cubic, int(rng.integers(12)),
                a_limit(rng), period, gate_at, at)


def a_homeostatic(rng: np.random.Generator) -> Homeostatic:
    return Homeostatic(by_neuron(rng, -4000, 4000), by_neuron(rng, 0, 2**22),
                       int(rng.integers(16)), int(rng.integers(11)), int(rng.integers(1, 4000)))


def a_regulator(rng: np.random.Generator) -> Regulator:
    period = int(rng.integers(1, 5))
    return Regulator(int(rng.choice([0, 410, 4096])), int(rng.choice([0, 4, 200])),
                     int(rng.integers(0, 30)), a_limit(rng), period, by_neuron(rng, 0, period))


MAKERS = {"Product": a_product, "Requantise": a_requantise, "Reciprocal": a_reciprocal,
          "Quotient": a_quotient, "Square": a_square,
          "Rsqrt": a_rsqrt, "Root": a_root, "Scale": a_scale, "Residual": a_residual,
          "UnitResidual": a_unit_residual, "Rotary": a_rotary, "KeySide": a_key_side,
          "ValueSide": a_value_side, "Drive": a_drive, "Slot": a_slot, "Gate": a_gate,
          "Homeostatic": a_homeostatic, "Regulator": a_regulator}


def driven(model: NeuronModel, seed: int) -> tuple[Network, Inputs]:
    """A population whose ports are each driven by a source, which is silent half of the time."""
    rng = np.random.default_rng(seed)
    wide = int(rng.integers(1, 20))
    sources = [Population(f"to {port}", 2, Source(wide)) for port in model.ports]
    wires = [Projection(f"w {port}", f"to {port}", "n", 2 * rng.integers(-100, 100, (SIZE, 2)),
                        graded=True, delay=int(rng.integers(3)), port=port)
             for port in model.ports]
    network = Network("one", "fixed", (*sources, Population("n", SIZE, model)), tuple(wires))
    most = 1 << (wide - 1)
    trains = {p.name: rng.integers(-most, most, (STEPS, 2)) * (rng.random((STEPS, 1)) < 0.5)
              for p in sources}
    return verify(network), trains
