"""Hardware profiles: all that ship load and agree; every wrong file is refused with its line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from wrong_profiles import VALID, WRONG, spoilt

from neuromorph.errors import MissingFileError, ProfileError
from neuromorph.numerics import limits
from neuromorph.profiles import Profile, load_profile, profile_names
from neuromorph.profiles.consistency import RULES
from neuromorph.profiles.fields import field_info
from neuromorph.profiles.load import folder
from neuromorph.profiles.quantity import KINDS

CHIPS = {"loihi1": 128, "loihi2": 120, "loihi2-graded": 120, "kapoho_bay": 256, "nahuku32": 4096,
         "oheo_gulch": 120, "kapoho_point": 960, "alia_point": 3840, "hala_point": 140_544,
         "cpu": 1}


def write(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.toml"
    path.write_bytes(text.encode())
    return path


def refusal(path: Path | str) -> str:
    """The text of the error, without the folder."""
    with pytest.raises(ProfileError) as raised:
        load_profile(path)
    assert raised.value.exit_code == 4
    return str(raised.value).replace(f"{Path(path).parent}/", "")


# --- what comes with the package


@pytest.mark.parametrize("name", CHIPS)
def test_every_shipped_profile_loads(name: str) -> None:
    profile = load_profile(name)
    assert (profile.name, profile.cores_usable) == (name, CHIPS[name])
    assert profile_names() == tuple(sorted(CHIPS))
    assert bool(profile.energy) == profile.limited


@pytest.mark.parametrize("name", CHIPS)
def test_registers_hold_what_the_integer_semantics_needs(name: str) -> None:
    profile = load_profile(name)
    neuron, synapse, learning = profile.neuron, profile.synapse, profile.learning
    assert 2 ** (neuron.potential_bits - 1) - 1 == limits.STATE_MAX
    assert 2**neuron.current_bits == limits.STATE_MODULUS
    assert 2**neuron.decay_bits == limits.DECAY_UNITY
    assert neuron.input_shift == limits.INPUT_SHIFT
    assert 2**neuron.threshold_bits - 1 == limits.VTH_MAX
    assert 2 ** (neuron.bias_bits - 1) - 1 == limits.BIAS_MANT_MAX
    assert neuron.bias_exponent_max == limits.BIAS_EXP_MAX
    assert neuron.payload_bits in {0, limits.PAYLOAD_BITS}
    assert synapse.weight_exponent_min == limits.EXPONENT_MIN
    assert synapse.weight_exponent_max == limits.EXPONENT_MAX
    assert synapse.delay_max == limits.DELAY_MAX
    assert 2**synapse.weight_bits - 1 == limits.WEIGHT_MAX
    assert learning.trace_bits == limits.TRACE_BITS


SETS = ("loihi1_published", "loihi1_fitted", "scaled", "intel_peak", "clp_measured",
        "pilotnet_measured", "pilotnet_per_core")


@pytest.mark.parametrize("name", sorted(set(CHIPS) - {"cpu"}))
def test_every_constant_says_how_it_came_about_and_when(name: str) -> None:
    profile = load_profile(name)
    costs = {path: q for path, q in profile.quantities.items()
             if path.split(".")[0] in ("energy", "latency", "power")}
    assert all(q.kind and q.date and q.confidence in KINDS[q.kind] for q in costs.values())
    if profile.family == "loihi2":
        assert tuple(profile.energy) == SETS
        inherited = {path for path, q in costs.items() if "Loihi 1's" in q.source}
        assert inherited
        assert {costs[path].kind for path in inherited} <= {"inherited", "scaled"}
    else:
        assert "inherited" not in {q.kind for path, q in costs.items()
                                   if path.startswith("energy.published")}


def test_the_sets_have_the_numbers_of_their_sources() -> None:
    """Those that can be recomputed are: Hala Point's peak, PilotNet's and CLP's steps."""
    energy, latency = load_profile("loihi2").energy, load_profile("loihi2").latency
    quantities = load_profile("loihi2").quantities
    assert energy["intel_peak"].synaptic_op_dense == pytest.approx(2600 / 380e12 * 1e12, rel=1e-3)
    assert latency["intel_peak"].synaptic_op_dense == pytest.approx(140_544 / 380e12 * 1e9, rel=.01)
    assert latency["intel_peak"].neuron_active == pytest.approx(140_544 / 240e12 * 1e9, rel=.01)
    pilot = energy["pilotnet_measured"]
    assert 2.294e6 * pilot.synaptic_op_dense + 158_509 * pilot.neuron_active == pytest.approx(
        68.4e6, rel=.01)
    assert latency["pilotnet_measured"].synaptic_op_dense == pytest.approx(152.8e3 / 150.8e3,
                                                                          rel=1e-3)
    clp = quantities["energy.clp_measured.synaptic_op_dense"]
    assert clp.ends == pytest.approx((12.87e6 / (1280 * 300), 12.87e6 / (1280 * 150)), rel=.01)
    assert energy["pilotnet_per_core"].core_step == pytest.approx(1.32e6 / (34 * 9), rel=.01)


def test_a_board_is_its_chip_and_more() -> None:
    chip, board = load_profile("loihi1"), load_profile("nahuku32")
    assert board.lineage == ("loihi1",)
    assert (board.core, board.neuron, board.energy) == (chip.core, chip.neuron, chip.energy)
    assert board.board.chips == 32


def test_a_profile_is_plain_and_frozen() -> None:
    profile = load_profile("loihi1")
    assert type(profile.core.neurons) is int
    assert type(profile.energy["published"].packet) is float
    assert profile.quantities["core.neurons"].value == profile.core.neurons
    with pytest.raises(ValidationError):
        profile.core.neurons = 5  # type: ignore[misc]
    with pytest.raises(TypeError):
        profile.energy["mine"] = profile.energy["fitted"]  # type: ignore[index]


# --- files of one's own


@pytest.mark.parametrize("change", [
    lambda text: text, lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"),
])
def test_byte_order_marks_and_windows_line_ends_are_fine(tmp_path: Path, change) -> None:
    assert load_profile(write(tmp_path, change(VALID))).core == load_profile("loihi1").core


def test_a_file_extends_a_name_and_a_file_beside_it(tmp_path: Path) -> None:
    quantity = 'unit = "neurons", source = "mine", confidence = "assumed"}'
    top = 'schema_version = 1\nname = "{0}"\ntitle = "{0}"\nextends = "{1}"\n'
    write(tmp_path, top.format("a", "loihi2") + f"[core]\nneurons = {{value = 7, {quantity}\n", "a")
    b = load_profile(str(write(tmp_path, top.format("b", "a.toml"), "b")))
    assert (b.core.neurons, b.lineage, b.family) == (7, ("a", "loihi2"), "loihi2")
    assert b.quantities["core.neurons"].source == "mine"


def test_the_example_of_the_readme_is_a_profile(tmp_path: Path) -> None:
    readme = (folder() / "README.md").read_text("utf-8")
    lines = readme[readme.index("    schema_version"):readme.index("`extends` is")].split("\n")
    profile = load_profile(write(tmp_path, "\n".join(line[4:] for line in lines)))
    assert (profile.name, profile.cores_usable) == ("my-board", 480)


def test_names_and_files_that_are_not_there(tmp_path: Path) -> None:
    assert refusal("loihi_2") == (
        "there is no profile of this name; found loihi_2. Did you mean 'loihi2'?")
    for path in (tmp_path / "no.toml", "no.toml", tmp_path, "a\0/b"):
        with pytest.raises(MissingFileError):
            load_profile(path)


@pytest.mark.parametrize(("name", "text", "expected"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    assert refusal(write(tmp_path, text)) == expected


def test_every_rule_of_consistency_is_seen_to_fail() -> None:
    said = "\n".join(expected for _, _, expected in WRONG)
    assert [rule.fault for rule in RULES if rule.fault not in said] == []


def test_neurons_that_share_their_memory_may_take_all_of_it(tmp_path: Path) -> None:
    shared = spoilt("core.memory_shared", "value = true")
    write(tmp_path, spoilt("core.neuron_bits", "value = 2048", of=shared))
    assert load_profile(tmp_path / "mine.toml").core.neuron_bits == 2048
    path = write(tmp_path, spoilt("core.neuron_bits", "value = 2049", of=shared))
    assert "the core's neurons take more memory than there is; found 2049" in refusal(path)


def test_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(VALID.encode().replace(b"Intel Loihi", b"Intel \xff Loihi", 1))
    assert refusal(path) == "mine.toml:3:16: the profile is not UTF-8 text; found byte 0xff"


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000])
def test_valid_looking_text_that_the_parser_gives_up_on(tmp_path: Path, text: str) -> None:
    assert refusal(write(tmp_path, text)).startswith("mine.toml")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = write(tmp_path, VALID + "#" * 2**20)
    assert "the profile is too large; found" in refusal(path)


def test_a_circle(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "b")):
        write(tmp_path, f'schema_version = 1\nname = "{name}"\nextends = "{other}.toml"\n', name)
    assert refusal(tmp_path / "a.toml") == (
        "c.toml:3: profiles extend each other in a circle; found b -> c -> b")
    write(tmp_path, 'schema_version = 1\nextends = "d.toml"', "d")
    assert refusal(tmp_path / "d.toml") == (
        "d.toml:2: profiles extend each other in a circle; found d -> d")


def test_a_long_chain(tmp_path: Path) -> None:
    for n in range(9):
        write(tmp_path, f'schema_version = 1\nextends = "p{n + 1}.toml"\n', f"p{n}")
    assert refusal(tmp_path / "p0.toml") == (
        "p7.toml:2: too many profiles extend one another; found p0 -> p1 -> p2 -> p3 -> p4 -> p5 "
        "-> p6 -> p7 -> p8; expected at most 8")


def test_an_error_names_the_file_that_is_wrong(tmp_path: Path) -> None:
    """Not the one that extends it."""
    write(tmp_path, spoilt("core.neurons", "value = -1"), "base")
    top = 'schema_version = 1\nname = "b"\ntitle = "b"\nextends = "base.toml"\n'
    assert "base.toml:" in refusal(write(tmp_path, top, "b"))


# --- random faults


QUANTITIES = dict(load_profile("loihi1").quantities.items())


def faults(path: str) -> list[str]:
    """Values that no field of this kind may have."""
    value = QUANTITIES[path].value
    parts = tuple(path.split("."))
    kind = field_info(parts).annotation
    never = ['"1"', "nan", "inf", "-inf", "[1]", "1979-05-27", "{}", str(10**15), "-1e9"]
    if kind is bool:
        return [*never, "0", "1"]
    wrong_type = ["true", f"{value}.5"] if kind is int else ["true"]
    joules = [f"{value * 1e-12!r}"] if kind is not int and value else []
    return [*never, *wrong_type, *joules]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_single_fault_is_refused(tmp_path_factory: pytest.TempPathFactory, data) -> None:
    path = data.draw(st.sampled_from(sorted(QUANTITIES)))
    text = spoilt(path, f"value = {data.draw(st.sampled_from(faults(path)))}")
    file = write(tmp_path_factory.getbasetemp(), text, "random")
    message = refusal(file)
    line = text[: text.index(f"[{path}]")].count("\n") + 1
    assert message.startswith(f"random.toml:{line}: {path} "), message


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_missing_or_misspelt_part_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data
) -> None:
    path = data.draw(st.sampled_from(sorted(QUANTITIES)))
    unit = QUANTITIES[path].unit
    old, new = data.draw(st.sampled_from([
        (f"[{path}]", f"[{path}x]"), ("unit", "units"), ("source", "sorce"),
        (f'unit = "{unit}"', 'unit = "stone"'), ("confidence = ", "confidence = 1 #"),
    ]))
    head, mark, tail = VALID.partition(f"[{path}]")
    file = write(tmp_path_factory.getbasetemp(), head + (mark + tail).replace(old, new, 1), "part")
    assert refusal(file).startswith("part.toml:")


def test_folder_of_the_package() -> None:
    assert all(math.isfinite(q.value) for n in profile_names()
               for q in load_profile(n).quantities.values())
    assert {p.stem for p in folder().glob("*.toml")} == set(CHIPS)
    assert isinstance(load_profile(folder() / "loihi1.toml"), Profile)
