"""What the two backends refuse, and what they say without their packages. Needs no Nengo."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from small_chips import random_chip
from small_learners import LEARNERS
from small_networks import float_network

from neuromorph import backends
from neuromorph.errors import MissingExtraError, UnsupportedError
from neuromorph.network import CubaLIF, Network, Population, Projection, Source
from neuromorph.neurons import NeuronModel, Readout

CHIP = (Population("in", 2, Source()), Population("n", 1, CubaLIF()))
WIRE = Projection("w", "in", "n", np.array([[6, 2]]))


def chip(model: NeuronModel, **changes: object) -> Network:
    return Network("chip", "fixed", (CHIP[0], Population("n", 1, model)),
                   (replace(WIRE, **changes),))  # type: ignore[arg-type]


def graded() -> Network:
    return Network("chip", "fixed", (Population("in", 2, Source(8)), CHIP[1]), (WIRE,))


@pytest.mark.parametrize(("network", "reason"), [
    (float_network()[0], "it runs integers only"),
    (LEARNERS["Hebb"][0], "learns: the only plasticity of nengo-loihi is PES"),
    (graded(), "w: every payload counts as one spike here"),
    (chip(Readout()), "n: Loihi 1 has no programmable neurons, so no Readout"),
    (chip(CubaLIF(du=0)), "n: no register for du = 0"),
    (chip(CubaLIF(dv=4096)), "n: no register for dv = 4096"),
    (chip(CubaLIF(vth=0)), "n: nengo-loihi has no threshold of 0"),
    (chip(CubaLIF(bias_mant=-4096, bias_exp=7)), "n: nengo-loihi has no bias below -4095"),
    (chip(CubaLIF(), delay=1), "w: the emulator has no delays beyond"),
    (chip(CubaLIF(), exponent=-2), "w: Loihi 1 shifts each weight, not the sum: .* multiples of 4"),
    (chip(CubaLIF(), exponent=-8, weights=np.array([[-256, 0]])), "w: no synapse format has"),
    (Network("wide", "fixed", (Population("in", 1100, Source()), CHIP[1]),
             (Projection("w", "in", "n", np.full((1, 1100), 255), exponent=7),)),
     "n: its synaptic input could exceed the 32 bits"),
])
def test_what_the_emulator_cannot_hold(network: Network, reason: str) -> None:
    inputs = {p.name: np.zeros((2, p.size), np.int64) for p in network.populations
              if isinstance(p.model, Source)}
    with pytest.raises(UnsupportedError, match=reason):
        backends.get("loihi_emulator").run(network, inputs, [], 2)


@pytest.mark.parametrize("network", [
    chip(CubaLIF()), chip(CubaLIF(), exponent=-1), chip(CubaLIF(bias_mant=-4096, bias_exp=6)),
    chip(CubaLIF(du=1, dv=4095, vth=1)), chip(CubaLIF(), exponent=7), random_chip(0)[0],
])
def test_what_it_can_hold_it_does_not_refuse(network: Network) -> None:
    assert backends.get("loihi_emulator").why_not(network) is None


def test_nengo_refuses_integers() -> None:
    network, inputs, steps = random_chip(0)
    with pytest.raises(UnsupportedError, match="it runs floats only"):
        backends.get("nengo").run(network, inputs, [], steps)


@pytest.mark.parametrize(("name", "package"), [
    ("nengo", "nengo"), ("loihi_emulator", "nengo_loihi"),
])
def test_without_its_package_a_backend_names_the_line_that_installs_it(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    network, inputs, steps = float_network() if name == "nengo" else random_chip(0)
    with pytest.raises(MissingExtraError, match=r"Run: pip install 'neuromorph\[nengo\]'") as error:
        backends.get(name).run(network, inputs, [], steps)
    assert f"{package} cannot be imported" in str(error.value)
