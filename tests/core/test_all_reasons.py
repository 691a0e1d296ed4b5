"""Who refuses a network says all that is against it, not only what comes first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_networks import everything, random_network
from small_programs import MAKERS, driven
from test_compile_registers import UNITS, profile_file

from neuromorph import backends
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.features import FEATURES, check_features
from neuromorph.compile.registers import REGISTERS, _needs, check_registers
from neuromorph.errors import FitError, NetworkError, UnsupportedError
from neuromorph.network import (
    CubaLIF,
    LearningRule,
    Network,
    Population,
    Projection,
    Readout,
    Relay,
    Source,
    verify,
)
from neuromorph.profiles import load_profile, profile_names

RULE = LearningRule(dw="x1*y0", x1_impulse=16, x1_tau=0)


def troubled(learns: bool = False) -> Network:
    """A readout, a neuron without leak, and perhaps a rule: nothing of it is for Loihi 1."""
    return verify(Network("troubled", "fixed", (
        Population("in", 2, Source()), Population("still", 2, CubaLIF(du=0, vth=9)),
        Population("out", 2, Readout(vth=9)),
    ), (
        Projection("w", "in", "still", np.full((2, 2), 2)),
        Projection("late", "in", "out", np.full((2, 2), 2), rule=RULE if learns else None),
    )))


TWO = (("still: no register for du = 0: its du counts one more than it says (1 to 4096 are "
       "possible)"), "out: Loihi 1 has no programmable neurons, so no Readout")
THREE = (*TWO, ("late: the only plasticity of nengo-loihi is PES; learning rules run on fast "
                "and on lava"))


@pytest.mark.parametrize(("learns", "reasons"), [(False, TWO), (True, THREE)])
def test_a_backend_gives_all_reasons(learns: bool, reasons: tuple[str, ...]) -> None:
    backend, network = backends.get("loihi_emulator"), troubled(learns)
    assert backend.reasons(network) == reasons
    told = f"{reasons[0]}. And {len(reasons) - 1} more: {'; '.join(reasons[1:])}"
    assert backend.why_not(network) == told
    with pytest.raises(UnsupportedError) as caught:
        backend.run(network, {"in": np.zeros((1, 2), int)}, [], 1)
    assert str(caught.value) == f"backend loihi_emulator: {told}"
    assert caught.value.more == reasons[1:]
    assert caught.value.exit_code == 6


def test_what_cannot_be_lowered_has_its_neurons_told_too() -> None:
    """Payloads that no plain spike can say, and a neuron that no chip of Loihi 1 has."""
    network = driven(MAKERS["Quotient"](np.random.default_rng(3)), 5)[0]
    lowered, *more = backends.get("loihi_emulator").reasons(network)
    assert "payload" in lowered
    assert more == ["n: Loihi 1 has no programmable neurons, so no Quotient"]


def test_a_backend_of_another_domain_and_other_neurons_says_both() -> None:
    class Few(type(backends.get("reference"))):  # type: ignore[misc]
        domains = ("float",)
        kinds = ("Source", "CubaLIF")

    domain, kind = Few().reasons(troubled())
    assert domain.startswith("it runs floats only; integers run on ")
    assert kind == "out: it runs no Readout"
    assert Few().reasons(replace(troubled(), domain="float")) == (kind,)


def test_many_reasons_are_counted_in_the_text_and_kept_in_the_list() -> None:
    many = Network("many", "fixed", (Population("in", 1, Source()), *(
        Population(f"n{n}", 1, Readout(vth=9)) for n in range(9))), tuple(
        Projection(f"w{n}", "in", f"n{n}", np.ones((1, 1), int)) for n in range(9)))
    error = UnsupportedError(*(reasons := backends.get("loihi_emulator").reasons(many))[:1],
                             more=reasons[1:])
    assert len(error.more) == 8
    assert str(error).count("; ") == 3
    assert str(error).endswith("n3: Loihi 1 has no programmable neurons, so no Readout; …")


def test_no_reason_is_none() -> None:
    network, inputs, steps = random_network(1)
    assert backends.get("fast").reasons(network) == ()
    assert backends.get("fast").why_not(network) is None
    backends.get("fast").run(network, inputs, everything(network), steps)


# --- profiles


def graded(learns: bool = False) -> Network:
    """A relay sends payloads; perhaps to synapses with a third factor."""
    return verify(Network("graded", "fixed", (
        Population("in", 2, Source(8)), Population("third", 2, Source(4)),
        Population("relay", 2, Relay()), Population("n", 2, CubaLIF(vth=9)),
    ), (
        Projection("w", "in", "relay", np.full((2, 2), 2), graded=True),
        Projection("late", "in", "n", np.full((2, 2), 2), rule=RULE if learns else None,
                   modulators=("third", None, None) if learns else (None, None, None)),
    )))


@pytest.mark.parametrize(("learns", "lacking"), [
    (False, ["programmable neurons, which a Relay needs", "graded spikes, which it sends"]),
    (True, ["programmable neurons, which a Relay needs", "graded spikes, which it sends",
            "third factors"]),
])
def test_a_profile_gives_all_reasons(learns: bool, lacking: list[str]) -> None:
    profile, unit = load_profile("loihi1"), Unit("u", graded(learns))
    for refuse in (check_features, lambda unit, profile: compile_units([unit, unit], profile)):
        with pytest.raises(FitError) as caught:
            refuse(unit, profile)
        error = caught.value
        found = [error.what, *(reason.partition(": ")[2] for reason in error.more)]
        for reason, what in zip(found, lacking, strict=False):
            assert f"{profile.title} has no {what}" in reason
        assert f"And {len(error.more)} more: " in str(error)
        assert error.exit_code == 5
    with pytest.raises(FitError) as caught:
        check_features(unit, profile)
    assert len(caught.value.more) == len(lacking) - 1


def test_registers_and_features_are_told_together(tmp_path: Path) -> None:
    """Of units that lack the same one is named."""
    profile = load_profile(profile_file(tmp_path, "neuron.decay_bits", 8, "loihi1"))
    narrow = replace(profile, neuron=profile.neuron.model_copy(update={"threshold_bits": 1}))
    unit = Unit("u", graded())
    with pytest.raises(FitError) as caught:
        compile_units([unit, replace(unit, name="v")], narrow)
    text = " ".join([str(caught.value), *caught.value.more])
    for what in ("programmable neurons", "graded spikes", "neuron.decay_bits of Mine",
                 "neuron.threshold_bits of Mine"):
        assert what in text
    assert "v" not in {reason.partition(":")[0] for reason in caught.value.more}
    with pytest.raises(FitError) as caught:
        check_registers(unit, narrow)
    assert caught.value.what.startswith("neuron.decay_bits")
    assert [m.partition(": ")[2].partition(" of")[0] for m in caught.value.more] == [
        "neuron.threshold_bits"]


def test_the_table_has_every_register_that_a_network_may_need() -> None:
    networks = [*UNITS.values(), *(random_network(seed)[0] for seed in range(20)),
                *(driven(make(np.random.default_rng(1)), 1)[0] for make in MAKERS.values())]
    assert {need.register for network in networks for need in _needs(network)} <= {*REGISTERS}


def test_the_table_of_features_is_what_refuses() -> None:
    """Each feature that a profile has not is what a network that needs it is refused for."""
    needs = {"graded spikes": graded(), "programmable neurons": graded(),
             "learning engine": graded(True), "third factors": graded(True)}
    for name in profile_names():
        profile = load_profile(name)
        for feature, has in FEATURES.items():
            try:
                check_features(Unit("u", needs[feature]), profile)
                said = ""
            except (FitError, NetworkError) as error:
                said = " ".join([str(error), *getattr(error, "more", ())])
            assert (f"has no {feature}" in said) is not has(profile), (name, feature)
