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
from neuromorph.compile.check import check_program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.quantise import quantise
from neuromorph.compile.registers import check_registers
from neuromorph.errors import FitError
from neuromorph.models.digits import WEIGHTS
from neuromorph.network import CubaLIF, Network, Population, Projection, Source, to_text
from neuromorph.numerics.registers import LOIHI
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
    ("neuron.potential_bits", 16, "late", "u; found 16; expected at least 24"),
    ("neuron.potential_bits", 16, "binary", "u; found 16; expected exactly 24"),
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
    ("learning.accumulator_bits", 15, "every model", "u.learner; found 15; expected exactly 16"),
    ("learning.trace_bits", 4, "every model", "u.learner; found 4; expected exactly 7"),
    ("learning.trace_bits", 6, "every model", "u.learner; found 6; expected exactly 7"),
    ("learning.pre_traces", 0, "every model", "u.learner; found 0; expected at least 1"),
    ("learning.post_traces", 0, "every model", "u.learner; found 0; expected at least 1"),
    ("learning.tag_bits", 0, "every model", "u.learner; found 0; expected exactly 9"),
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


WIDE = [  # what saturates at another value gives other integers
    ("neuron.potential_bits", 32, "binary", "u; found 32; expected exactly 24"),
    ("neuron.potential_bits", 25, "writing", "u; found 25; expected exactly 24"),
    ("neuron.input_shift", 7, "late", "u; found 7; expected exactly 6"),
    ("synapse.weight_bits", 9, "writing", "u.key; found 9; expected exactly 8"),
    ("learning.accumulator_bits", 20, "every model", "u.learner; found 20; expected exactly 16"),
    ("learning.trace_bits", 8, "every model", "u.learner; found 8; expected exactly 7"),
    ("learning.tag_bits", 10, "every model", "u.learner; found 10; expected exactly 9"),
]


@pytest.mark.parametrize(("register", "value", "kind", "text"), WIDE)
def test_a_register_that_is_too_wide_is_named(
    register: str, value: int, kind: str, text: str, tmp_path: Path
) -> None:
    profile = load_profile(profile_file(tmp_path, register, value, "loihi2-graded"))
    with pytest.raises(FitError, match="Loihi's registers") as caught:
        compile_units([Unit("u", UNITS[kind])], profile)
    where, _, numbers = text.rpartition("; found")
    assert f"{where}: {register} of Mine is not what this circuit needs; found{numbers}" in str(
        caught.value)


@pytest.mark.parametrize("register", [
    "neuron.potential_bits", "neuron.current_bits", "neuron.input_bits", "neuron.threshold_bits",
    "synapse.weight_bits"])
def test_what_nothing_saturates_may_be_wider(register: str, tmp_path: Path) -> None:
    profile = load_profile(profile_file(tmp_path, register, 40, "loihi2-graded"))
    assert compile_units([Unit("u", UNITS["late"])], profile).program.cores == 1


JUST_ENOUGH = [  # registers that hold a unit's numbers and not one bit more
    ("neuron.threshold_bits", 12, "binary"), ("neuron.bias_bits", 13, "late"),
    ("neuron.bias_exponent_max", 5, "late"), ("synapse.delay_max", 40, "late"),
    ("synapse.weight_bits", 2, "late"), ("synapse.weight_exponent_min", -1, "binary"),
]


@pytest.mark.parametrize(("register", "value", "kind"), JUST_ENOUGH)
def test_a_narrow_register_that_is_wide_enough_gives_the_same_integers(
    register: str, value: int, kind: str, tmp_path: Path
) -> None:
    unit = Unit("u", UNITS[kind])
    narrow = load_profile(profile_file(tmp_path, register, value, "loihi2"))
    found, usual = (compile_units([unit], p).program for p in (narrow, load_profile("loihi2")))
    assert to_text(found.units[0].network) == to_text(usual.units[0].network)
    assert check_program(*program_as_dict(found), narrow).ok
    worse = load_profile(profile_file(
        tmp_path, register, value + (1 if register.endswith("_min") else -1), "loihi2"))
    with pytest.raises(FitError, match=f"{register} of Mine"):
        compile_units([unit], worse)


def floats(signs: float) -> Network:
    """A LIF neuron in floats, driven and biased, with weights of one sign or of both."""
    return Network("floats", "float", (
        Population("in", 3, Source()), Population("n", 2, CubaLIF(
            du=0.5, dv=0.25, vth=1.5, bias_mant=0.1))),
        (Projection("w", "in", "n", np.array([[0.3, 0.9, 0.2], [0.7, signs * 0.5, 0.1]])),))


@pytest.mark.parametrize("signs", [1, -1])
@pytest.mark.parametrize(("register", "value"), [
    ("neuron.threshold_bits", 9), ("neuron.bias_bits", 6), ("neuron.bias_exponent_max", 1),
    ("synapse.weight_bits", 4), ("synapse.weight_bits", 2), ("synapse.weight_exponent_max", 0)])
def test_floats_become_integers_that_fit_narrow_registers(
    register: str, value: int, signs: int, tmp_path: Path
) -> None:
    profile = load_profile(profile_file(tmp_path, register, value, "loihi2"))
    with pytest.raises(FitError, match=f"{register} of Mine"):  # in integers of Loihi's
        check_registers(Unit("u", quantise(floats(signs)).network), profile)
    unit = compile_units([Unit("u", floats(signs))], profile).program.units[0]
    assert unit.network.domain == "fixed"
    assert check_registers(unit, profile) is unit


def test_floats_that_fit_no_integers_name_the_register(tmp_path: Path) -> None:
    profile = load_profile(profile_file(tmp_path, "synapse.weight_bits", 1, "loihi2"))
    with pytest.raises(FitError, match=r"u\.w: synapse.weight_bits of Mine .* found 1"):
        compile_units([Unit("u", floats(-1))], profile)


def test_sums_that_only_the_profile_has_no_room_for_are_its_matter(tmp_path: Path) -> None:
    ends = Population("in", 300, Source()), Population("n", 1, CubaLIF())
    loud = Network("loud", "fixed", ends, (Projection("w", "in", "n", np.full((1, 300), 250)),))
    profile = load_profile(profile_file(tmp_path, "neuron.input_bits", 22, "loihi2"))
    with pytest.raises(FitError, match=r"neuron\.input_bits of Mine is not what") as caught:
        compile_units([Unit("u", loud)], profile)
    assert caught.value.exit_code == 5
    assert compile_units([Unit("u", loud)], load_profile("loihi2")).program.cores == 1


def test_registers_are_a_value() -> None:
    assert load_profile("loihi2").registers == LOIHI
    assert load_profile("loihi1").registers == replace(LOIHI, input_bits=22, payload_bits=0)
    narrow = replace(LOIHI, weight_bits=5, weight_exponent_min=-2, delay_max=90)
    assert narrow.within(LOIHI) == replace(LOIHI, weight_bits=5, weight_exponent_min=-2)
    assert (narrow.weight_max, LOIHI.state_max, LOIHI.threshold_max, LOIHI.bias_max) == (
        31, 8_388_607, 131_071, 4095)


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
