"""Half steps chosen by themselves: what is said, what a board decides, what either way costs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_heads import BINARY as SMALL

from neuromorph.api.compile import compile_bundle
from neuromorph.api.export import export
from neuromorph.circuits.latency_attention import LatencyAttention, prove_ranges
from neuromorph.deploy.half_steps import WAYS, _other, steps_in, way_of
from neuromorph.errors import FitError, RangeProofError, UsageError
from neuromorph.models.digits import WEIGHTS
from neuromorph.report.compile_tables import compile_rows
from neuromorph.translate import TranslateOptions
from neuromorph.translate.preference import Choice, choose

BINARY = TranslateOptions(spikes="binary")
BIASED = replace(SMALL, bias_limit=300, score_bound=SMALL.score_bound + 300)
ROOMY = replace(BINARY, slots=150)
"""Of digits: two neurons a key take two cores, one takes one."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A chip of one core."""
    path = tmp_path_factory.mktemp("profile") / "small.toml"
    path.write_text(
        'schema_version = 1\nname = "small"\ntitle = "One core"\nextends = "loihi2"\n\n'
        '[chip.cores_usable]\nvalue = 1\nunit = "cores"\nsource = "made up"\n'
        'confidence = "assumed"\n', "utf-8")
    return str(path)


@pytest.mark.parametrize(("prefer", "neurons", "whole", "wanted", "said"), [
    (None, None, False, (2, 1), "two match neurons a key, .* the usual choice; --prefer cores"),
    ("steps", None, False, (2, 1), "two match neurons a key, .* as --prefer has it"),
    ("cores", None, False, (1, 1), "a ramp of twice the steps"),
    (None, 1, False, (1, 0), ""), (None, 2, False, (2, 1), ""),
    (None, None, True, (1, 0), "whole steps, since a block writes one neuron a slot"),
    ("cores", None, True, (1, 0), "a ramp of twice the steps")])
def test_binary_spikes_choose(
    prefer: Any, neurons: int | None, whole: bool, wanted: tuple[int, int], said: str
) -> None:
    found = choose(BINARY, prefer, neurons, whole=whole)
    assert (found.options.neurons_per_key, found.options.pause) == wanted
    assert found.options.step_nats == BINARY.step_nats / (2 if prefer == "cores" else 1)
    assert re.search(said, found.says)
    assert bool(found.says) == bool(said)


def test_graded_spikes_have_no_choice() -> None:
    assert choose(TranslateOptions()) == Choice(TranslateOptions())
    with pytest.raises(UsageError, match="graded spikes tell parts"):
        choose(TranslateOptions(), "steps")
    with pytest.raises(UsageError, match="one or two match neurons"):
        choose(BINARY, None, 0)


def test_where_two_neurons_do_not_fit_one_is_taken_and_said(small: str, tmp_path: Path) -> None:
    made = export(WEIGHTS, tmp_path / "b", options=choose(ROOMY), profile=small)
    assert {way_of(head) for code in made.bundle.codes.values() for head in code.heads} == {
        "longer"}
    assert made.bundle.options["step_nats"] == BINARY.step_nats / 2
    assert any("two neurons a key do not fit" in note and "small.toml" in note
               for note in made.notes)


def test_what_was_asked_for_and_does_not_fit_is_refused(small: str, tmp_path: Path) -> None:
    with pytest.raises(FitError, match="--prefer cores"):
        export(WEIGHTS, tmp_path / "b", options=choose(ROOMY, "steps"), profile=small)
    assert not (tmp_path / "b").exists()
    with pytest.raises(UsageError, match="graded spikes have no choice"):
        export(WEIGHTS, tmp_path / "b", profile=small)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("ways")
    chosen = {"pairs": choose(ROOMY), "longer": choose(ROOMY, "cores"), "whole": ROOMY}
    return {way: export(WEIGHTS, folder / way, options=options).bundle
            for way, options in chosen.items()}


def test_compile_says_what_the_other_ways_cost(exported: dict[str, Any]) -> None:
    """What it says of another way is what that way's own bundle says of itself, cores exactly."""
    told = {way: compile_bundle(bundle, "loihi2").report for way, bundle in exported.items()}
    for way, report in told.items():
        rows = {row["way"]: row for row in report["half_steps"]}
        assert [row["own"] for row in rows.values()] == [one == way for one in WAYS]
        for other, row in rows.items():
            assert row["cores_at_least"] == told[other]["cores_lower_bound"]
            assert row["median_steps"] == pytest.approx(told[other]["steps"]["median"], abs=2)
    assert told["pairs"]["cores_lower_bound"] > told["longer"]["cores_lower_bound"]
    assert "(this bundle); half steps by a ramp" in str(
        compile_rows(told["pairs"])["steps against cores"])


@pytest.mark.parametrize("way", WAYS)
def test_steps_of_another_way_are_near(exported: dict[str, Any], way: Any) -> None:
    """Head by head: windows end at whole steps of their own ramp."""
    heads = {name: [head for code in bundle.codes.values() for head in code.heads]
             for name, bundle in exported.items()}
    for own in WAYS:
        for head, other in zip(heads[own], heads[way], strict=True):
            assert abs(steps_in(head, way) - other.period) <= 3


@pytest.mark.parametrize("neurons", [1, 2])
@pytest.mark.parametrize("head", [replace(BIASED, input_bits=bits) for bits in (24, 22)],
                         ids=["loihi2", "loihi1"])
def test_a_head_with_a_bias_has_one_the_other_way_too(
    head: LatencyAttention, neurons: int
) -> None:
    other = prove_ranges(_other(head, neurons))
    assert other.neurons_per_key == neurons
    assert 0 < other.bias_limit <= head.bias_limit
    assert (other.slots, other.key_size, other.input_bits) == (5, 3, head.input_bits)


def test_what_no_circuit_has_is_told(
    exported: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heads at the ends of what a register holds have another way too, or it is said."""
    for decay in (0, 4095, 4096):
        odd = replace(SMALL, control_decay=decay)
        assert prove_ranges(_other(odd, 2)).slots == odd.slots

    def none(*_: object) -> None:
        raise RangeProofError("too many")

    monkeypatch.setattr("neuromorph.deploy.half_steps.draft_head", none)
    report = compile_bundle(exported["pairs"], "loihi2").report
    assert [row["cores_at_least"] is None for row in report["half_steps"]] == [False, True, True]
    assert "no circuit of so many slots" in str(compile_rows(report)["steps against cores"])
