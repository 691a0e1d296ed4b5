"""A profile with a register too narrow for a circuit is one that it does not fit, with reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from placed_programs import network
from small_heads import BINARY, GRADED, attention

from neuromorph.api.compile import compile_bundle
from neuromorph.api.export import export
from neuromorph.circuits import hebbian_attention
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.registers import check_registers
from neuromorph.errors import FitError
from neuromorph.models.digits import WEIGHTS
from neuromorph.network import CubaLIF, Network, Population, Projection, Source
from neuromorph.profiles import load_profile
from neuromorph.translate import TranslateOptions

UNITS = {
    "binary": attention(BINARY)[0], "graded": attention(GRADED)[0],
    "writing": hebbian_attention.build(BINARY), "every model": network(),
    "narrow": attention(replace(BINARY, input_bits=22))[0],
    "late": Network("late", "fixed", (
        Population("in", 1, Source()), Population("n", 1, CubaLIF(bias_mant=-4000, bias_exp=5))),
        (Projection("slow", "in", "n", np.array([[2]]), delay=40),)),
}
NARROW = [  # register, what the profile has, a unit, and what that needs
    ("neuron.potential_bits", 16, "binary", "u; found 16; expected at least 24"),
    ("neuron.current_bits", 23, "binary", "u; found 23; expected at least 24"),
    ("neuron.decay_bits", 8, "binary", "u; found 8; expected exactly 12"),
    ("neuron.decay_bits", 13, "binary", "u; found 13; expected exactly 12"),
    ("neuron.input_shift", 5, "binary", "u; found 5; expected exactly 6"),
    ("neuron.threshold_bits", 10, "binary", "u.match; found 10; expected at least 12"),
    ("neuron.bias_bits", 12, "late", "u.n; found 12; expected at least 13"),
    ("neuron.bias_exponent_max", 4, "late", "u.n; found 4; expected at least 5"),
    ("synapse.weight_bits", 4, "binary", "u.key; found 4; expected at least"),
    ("synapse.weight_bits", 7, "narrow", "u.value; found 7; expected at least 8"),
    ("synapse.weight_exponent_min", 0, "binary", "u.key; found 0; expected at most -1"),
    ("synapse.weight_exponent_max", 5, "narrow", "u.sweep.0.7; found 5; expected at least 7"),
    ("synapse.delay_max", 39, "late", "u.slow; found 39; expected at least 40"),
    ("learning.accumulator_bits", 15, "every model", "u.learner; found 15; expected at least 16"),
    ("learning.trace_bits", 4, "every model", "u.learner; found 4; expected at least 5"),
    ("learning.trace_bits", 5, "every model", "u.learner; found 5; expected at least 7"),
    ("learning.pre_traces", 0, "every model", "u.learner; found 0; expected at least 1"),
    ("learning.post_traces", 0, "every model", "u.learner; found 0; expected at least 1"),
    ("learning.tag_bits", 0, "every model", "u.learner; found 0; expected at least 1"),
    ("learning.mantissa_min", 0, "every model", "u.learner; found 0; expected at most -1"),
    ("learning.mantissa_max", 2, "every model", "u.learner; found 2; expected at least 3"),
    ("learning.exponent_min", -2, "every model", "u.learner; found -2; expected at most -3"),
    ("learning.exponent_max", -1, "writing", "u.key; found -1; expected at least"),
]


def profile_file(folder: Path, register: str, value: object, of: str) -> str:
    """A profile that extends another by one number, which keeps its unit."""
    path = folder / "mine.toml"
    unit = load_profile(of).quantities[register].unit
    path.write_text(f'schema_version = 1\nname = "mine"\ntitle = "Mine"\nextends = "{of}"\n'
                    f'[{register}]\nvalue = {value}\nunit = "{unit}"\nsource = "a test"\n'
                    'confidence = "assumed"\n', "utf-8")
    return str(path)


@pytest.mark.parametrize(("register", "value", "kind", "text"), NARROW)
def test_a_register_that_is_too_narrow_is_named(
    register: str, value: int, kind: str, text: str, tmp_path: Path
) -> None:
    board = "loihi1" if kind == "narrow" else "loihi2-graded"
    profile = load_profile(profile_file(tmp_path, register, value, board))
    with pytest.raises(FitError) as caught:
        compile_units([Unit("u", UNITS[kind])], profile)
    where, _, numbers = text.rpartition("; found")
    assert str(caught.value).startswith(
        f"{where}: {register} of Mine is not what this circuit needs; found{numbers}")


@pytest.mark.parametrize("kind", UNITS)
def test_real_profiles_are_wide_enough(kind: str) -> None:
    unit = Unit("u", UNITS[kind])
    assert check_registers(unit, load_profile("loihi2-graded")) is unit


def test_a_payload_that_is_too_wide_is_told_with_what_there_is(tmp_path: Path) -> None:
    profile = load_profile(profile_file(tmp_path, "neuron.payload_bits", 20, "loihi2-graded"))
    with pytest.raises(FitError, match="has no payload of 24 bits, but of 20"):
        compile_units([Unit("u", UNITS["graded"])], profile)


@pytest.mark.parametrize("kind", ["binary", "graded", "writing"])
def test_a_synaptic_input_that_is_too_wide_is_told(kind: str, tmp_path: Path) -> None:
    profile = load_profile(profile_file(tmp_path, "neuron.input_bits", 16, "loihi2-graded"))
    with pytest.raises(FitError, match="has no synaptic input of 24 bits a step"):
        compile_units([Unit("u", UNITS[kind])], profile)


@pytest.mark.parametrize(("register", "value"), [
    ("synapse.weight_bits", 4), ("neuron.potential_bits", 16), ("neuron.decay_bits", 8)])
def test_a_bundle_does_not_fit_it(register: str, value: int, tmp_path: Path) -> None:
    bundle = export(WEIGHTS, tmp_path / "bundle", options=TranslateOptions(spikes="binary")).bundle
    found = compile_bundle(bundle, profile_file(tmp_path, register, value, "loihi2")).report
    assert found["fits"] is False
    assert f"{register} of Mine is not what this circuit needs" in found["reason"]
    assert f"found {value}" in found["reason"]
    assert "Choose a profile with wider registers." in found["changes"]
    assert found["smallest_board"] == "loihi2"
