"""Every circuit that can be run by name: what it finds, small and on real input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import neuromorph
from neuromorph.api.circuits import block
from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.numbers import Block
from neuromorph.errors import (
    DisagreementError,
    FitError,
    MemoryBudgetError,
    NeuromorphWarning,
    RangeProofError,
    UsageError,
)
from neuromorph.network import Network


def run(circuit: str, backend: str = "fast", seed: int = 0, **settings: Any) -> Any:
    return neuromorph.run(circuit, backend=backend, seed=seed, settings=settings).outcome


def drawn(outcome: Any, folder: Path) -> bytes:
    outcome.draw(folder / "picture.png")
    return (folder / "picture.png").read_bytes()[:8]


def test_matched_axons_take_control_and_others_do_not(tmp_path: Path) -> None:
    found = run("match_and_control", window=2.0, axons=60, queries=6)
    numbers = found.numbers
    assert numbers["matched_in_control"] == 6
    assert numbers["value_spikes_followed"] == 1.0
    assert numbers["queries_with_another_axon_in_control"] <= 3
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"


def test_a_short_window_and_much_jitter_spoil_the_match() -> None:
    good = run("match_and_control", axons=60, queries=12).numbers["matched_in_control"]
    short = run("match_and_control", axons=60, queries=12, window=0.5).numbers
    shaken = run("match_and_control", axons=60, queries=12, jitter=20.0).numbers
    assert short["matched_in_control"] < good > shaken["matched_in_control"]


@pytest.mark.parametrize("spikes", ["graded", "binary"])
@pytest.mark.parametrize("causal", [True, False])
def test_a_trained_head_is_written_exactly(spikes: str, causal: bool, tmp_path: Path) -> None:
    found = run("hebbian_attention", spikes=spikes, causal=causal, layer=1, head=1, image=3)
    assert found.numbers["equal_to_static_keys"] is True
    coarse = 0.2 if spikes == "binary" else 0.05  # plain spikes round weights to powers of two
    assert found.numbers["largest_difference_to_float_weights"] < coarse
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"


def test_digits_are_learned_one_by_one(tmp_path: Path) -> None:
    found = run("prototypes", shots=4, tests=30, rows=40, window=30)
    assert 20 < found.numbers["prototypes"] < 40
    assert found.numbers["accuracy"] > 0.7
    assert found.numbers["estimate_cores"] == 1
    assert found.numbers["estimate_programmable_neurons"] is False
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"


def test_one_digit_more_than_rows_is_refused_by_name() -> None:
    with pytest.raises(FitError, match=r"all rows hold a prototype.*found 4.*at most 3 rows"):
        run("prototypes", shots=4, rows=3)


def test_a_memory_that_forgets_along_keys_recalls_the_last_value(tmp_path: Path) -> None:
    found = run("gated_delta", tokens=64)
    numbers = found.numbers
    assert numbers["equal_to_closed_form"] is True
    assert numbers["cosine_to_floats"] > 0.999
    assert numbers["recall_error_of_hebb"] > 2 * numbers["recall_error_of_spikes"]
    assert numbers["recall_error_of_spikes"] < 1.05 * numbers["recall_error_of_floats"]
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"


def test_a_context_stays_while_another_is_written_outside_of_it(tmp_path: Path) -> None:
    found = run("projected_memory", passes=10)
    numbers = found.numbers
    assert numbers["first_error_of_delta"] > 0.5 > 0.15 > numbers["first_error_of_projected"]
    assert numbers["second_error_of_projected"] < 0.1
    assert found.cautions == ()
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"
    (caution,) = run("projected_memory", passes=2, first=12, second=12).cautions
    assert "24 keys fill more than half of 32 dimensions" in caution.text


def test_without_forgetting_along_keys_old_values_stay() -> None:
    numbers = run("gated_delta", tokens=64, forget_key=False, rounding="whole").numbers
    assert numbers["cosine_to_floats"] > 0.95
    assert numbers["recall_error_of_floats"] == numbers["recall_error_of_hebb"] > 1


def test_learned_features_beat_random_ones(tmp_path: Path) -> None:
    learned = run("astrocyte_attention")
    random = run("astrocyte_attention", learned=False)
    error = "error_of_spikes_to_softmax"
    assert learned.numbers[error] < 0.1 < random.numbers[error]
    assert drawn(learned, tmp_path) == b"\x89PNG\r\n\x1a\n"


def test_a_block_is_its_closed_form_token_behind_token(tmp_path: Path) -> None:
    found = run("block")
    numbers = found.numbers
    assert numbers["equal_to_closed_form"] is True
    assert numbers["numbers_compared"] == 6 * (8 + 4 + 4 + 8 + 8 + 12 + 8)
    assert (numbers["period_steps"], numbers["latency_steps"], numbers["steps"]) == (21, 58, 164)
    assert (numbers["steps_a_token"], numbers["tokens_at_once_at_most"]) == (21, 3)
    assert numbers["proved_by_rules_of_circuits"] == {"norm": 3, "emitting_attention": 2}
    assert set(numbers["bounds"]) == {"proved", "harmless", "saturates"}
    assert [stage["stage"] for stage in numbers["stages"]][2:6] == ["project", "drives", "write",
                                                                    "query sweep"]
    for name in ("populations", "neurons", "synapses", "spikes"):
        assert numbers[name] == sum(stage[name] for stage in numbers["stages"]) > 0
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"


def test_a_block_token_by_token_says_the_same_in_more_steps() -> None:
    many, alone = run("block").numbers, run("block", pipelined=False).numbers
    assert alone["steps_a_token"] == 3 * many["steps_a_token"]
    assert alone["tokens_at_once_at_most"] == 1
    assert [one["spikes"] for one in alone["stages"]] == [one["spikes"] for one in many["stages"]]


@pytest.mark.parametrize("settings", [
    {"rotary": False, "gated": False, "tokens": 2}, {"heads": 4, "groups": 2, "width": 5},
    {"layer_norm": True, "slots": 1}, {"tokens": 1, "width": 1, "heads": 1, "head_size": 2,
                                       "hidden": 1, "window": 4, "turns": 1}])
def test_blocks_of_other_kinds_are_drawn(settings: dict[str, Any], tmp_path: Path) -> None:
    found = run("block", **settings)
    assert found.numbers["equal_to_closed_form"] is True
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("layer", [0, 2])
def test_a_trained_block_is_its_closed_form_and_close_to_float(layer: int, tmp_path: Path) -> None:
    """On both passes; on the second, it is the encoder's block."""
    found = run("digits_block", layer=layer, image=7)
    numbers = found.numbers
    assert numbers["equal_to_closed_form"] is True
    assert numbers["tokens"] == 2 * 17
    assert numbers["numbers_compared"] == 2 * 17 * 7 * 48
    assert numbers["cosine_to_float_worst"] > .999
    assert set(numbers["bounds"]) == {"proved", "harmless", "saturates"}
    assert f"Block {layer} of the trained digits transformer, test image 7" in found.sentences[0]
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"


def test_what_a_block_cuts_off_is_told() -> None:
    assert run("block").cautions == ()
    found = run("block", tokens=30, width=64, hidden=64)
    (caution,) = found.cautions
    many = found.numbers["payloads_at_their_limit"]
    assert many == sum(stage["at_limit"] for stage in found.numbers["stages"]) > 0
    assert caution.kind == "payloads-at-limit"
    assert f"of 240 payloads of {caution.where} reached their limit of 20" in caution.text
    assert f"; {many} in all" in caution.text
    with pytest.warns(NeuromorphWarning, match="reached their limit"):
        run("block", tokens=30, width=64, hidden=64)


def test_a_block_that_is_not_its_closed_form_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A weight of W_o is one too large; nothing else knows."""
    def built(given: Block) -> Network:
        network = build(given)
        wrong = network.projection("attended.w_context0")
        weights = wrong.weights.copy()
        weights[1, 1] += 2
        return replace(network, projections=tuple(
            replace(p, weights=weights) if p.name == wrong.name else p
            for p in network.projections))
    monkeypatch.setattr(block, "build", built)
    said = r"block, middle: .* at token \d, neuron 1;"
    with pytest.raises(DisagreementError, match=said) as caught:
        run("block")
    assert caught.value.exit_code == 8


@pytest.mark.lava
@pytest.mark.slow
def test_a_block_in_lava() -> None:
    pytest.importorskip("lava.magma.core", reason="lava-nc is not installed")
    found = run("block", "lava", tokens=2, width=2, heads=1, head_size=2, hidden=2, slots=2,
                window=4)
    assert found.numbers["equal_to_closed_form"] is True


@pytest.mark.parametrize(("circuit", "settings", "text"), [
    ("match_and_control", {"window": 3.0}, "no threshold for this match window; found 3.0 s"),
    ("match_and_control", {"window": 0.5, "gap": 0}, "shorter than the gate needs to open"),
    ("match_and_control", {"axons": 0}, "axons: the setting is out of range; found 0"),
    ("hebbian_attention", {"head": 99}, "head: the setting is out of range; found 99"),
    ("astrocyte_attention", {"features": 999}, "features: the setting is out of range"),
    ("astrocyte_attention", {"exponent": 1}, "exponent: the setting is out of range"),
    ("block", {"tokens": 0}, "tokens: the setting is out of range; found 0; expected 1 to 64"),
    ("block", {"groups": 3, "heads": 8}, "groups: query heads do not share keys evenly; found 3"),
    ("block", {"groups": 4}, "found 4; expected a divisor of 2 heads"),
    ("digits_block", {"layer": 3}, "layer: the setting is out of range; found 3; expected 0 to 2"),
    ("prototypes", {"novelty": 1.0}, "novelty: the setting is out of range; found 1.0"),
    ("prototypes", {"resolution": 1e-6}, "resolution: the ramp is finer than the codes"),
    ("prototypes", {"window": 3}, "window: a number of the prototypes is out of range; found 3"),
    ("gated_delta", {"keep": 0.0}, "keep: the setting is out of range; found 0.0"),
    ("gated_delta", {"keys": 2**31}, "keys: the setting is out of range; found 2147483648"),
    ("gated_delta", {"rounding": "up"}, "rounding: unknown rounding; found 'up'"),
    ("gated_delta", {"key_size": 129}, "found 129; expected 1 to 128"),
    ("projected_memory", {"first": 20, "second": 13},
     "rows run out: .*found 13 keys; 20 rows of 32 dimensions leave 12; expected .* at most 32"),
    ("projected_memory", {"passes": 513}, "found 513 passes, 4104 tokens; expected at most 4096"),
    ("homeostatic_channels", {"trace": 12}, "trace: the setting is out of range; found 12"),
    ("ensembles", {"groups": 2}, "fan: a group cannot hear more groups than there are; found 4 of"),
    ("projector", {"patterns": 4}, "expected at most 4. Lower rows, or raise patterns"),
    ("naam", {"steps": 2**31}, "steps: the setting is out of range; found 2147483648"),
    ("block", {"head_size": 3}, "head_size: a head of an odd size has no pairs to turn; found 3"),
])
def test_a_setting_that_makes_no_sense_is_refused(
    circuit: str, settings: dict[str, Any], text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        run(circuit, **settings)


@pytest.mark.parametrize("memories", [2**31, 2**63, 10**30])
def test_more_memories_than_memory(memories: int) -> None:
    with pytest.raises(MemoryBudgetError, match="naam: this would need more memory"):
        run("naam", "reference", memories=memories)


def test_a_memory_that_learns_nothing_has_numbers() -> None:
    found = run("gated_delta", tokens=4, rate=1e-300)
    assert found.numbers["cosine_to_floats"] == 0.0


def test_a_block_that_is_not_proved_does_not_run() -> None:
    with pytest.raises(RangeProofError, match="the sum could overflow"):
        run("block", heads=8, head_size=16, turns=1)
    assert run("block", heads=8, head_size=16, turns=8, tokens=1).numbers["equal_to_closed_form"]


@pytest.mark.parametrize("regrow", ["none", "hebbian"])
def test_layers_by_groups_answer_as_the_masked_ones(regrow: str, tmp_path: Path) -> None:
    found = run("ensembles", width=64, epochs=3, tests=20, largest=256, regrow=regrow)
    numbers = found.numbers
    assert numbers["populations_by_groups"] == 1 + 2 * 16 + 1
    assert numbers["accuracy"] > 0.6
    assert numbers["cores blocks, by groups"] < numbers["cores dense"]
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"


def test_channels_keep_mean_and_spread_when_codes_drift(tmp_path: Path) -> None:
    found = run("homeostatic_channels", factor=2.0, added=-30)
    numbers = found.numbers
    assert numbers["spread_in_the_end_without"] > 1.8 > 1.15 > numbers["spread_in_the_end"] > 0.85
    assert numbers["mean_off_in_the_end_without"] > 0.9 > 0.3 > numbers["mean_off_in_the_end"]
    assert numbers["mean_gain_in_the_end"] < 0.6
    assert numbers["spread_before"] == pytest.approx(1, abs=0.1)
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"
    assert run("homeostatic_channels", factor=1.0, added=0).numbers[
        "mean_gain_in_the_end"] == pytest.approx(1, abs=0.1)


def test_a_projection_counts_old_patterns_as_its_setting_does(tmp_path: Path) -> None:
    found = run("projector", patterns=24)
    assert found.numbers["patterns"] == 24
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"


def test_several_patterns_answer_one_cue(tmp_path: Path) -> None:
    numbers = (found := run("multitasking", size=512, cues=4)).numbers
    assert numbers["asked_overlap"] > 0.85 > 0.3 > numbers["most_unasked_overlap"]
    assert found.cautions == ()
    assert drawn(found, tmp_path) == b"\x89PNG\r\n\x1a\n"
    fields = run("multitasking", size=512, cues=4, fields=2, queries=2)  # where none collide
    assert drawn(fields, tmp_path) == b"\x89PNG\r\n\x1a\n"
    crowd = run("multitasking", size=128, patterns=200, cues=4)
    assert any("nobody asked for" in caution.text for caution in crowd.cautions)
