"""Every circuit that can be run by name: what it finds, small and on real input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import neuromorph
from neuromorph.errors import UsageError


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


def test_learned_features_beat_random_ones(tmp_path: Path) -> None:
    learned = run("astrocyte_attention")
    random = run("astrocyte_attention", learned=False)
    error = "error_of_spikes_to_softmax"
    assert learned.numbers[error] < 0.1 < random.numbers[error]
    assert drawn(learned, tmp_path) == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(("circuit", "settings", "text"), [
    ("match_and_control", {"window": 3.0}, "no threshold for this match window; found 3.0 s"),
    ("match_and_control", {"window": 0.5, "gap": 0}, "shorter than the gate needs to open"),
    ("match_and_control", {"axons": 0}, "axons: the setting is out of range; found 0"),
    ("hebbian_attention", {"head": 99}, "head: the setting is out of range; found 99"),
    ("astrocyte_attention", {"features": 999}, "features: the setting is out of range"),
    ("astrocyte_attention", {"exponent": 1}, "exponent: the setting is out of range"),
])
def test_a_setting_that_makes_no_sense_is_refused(
    circuit: str, settings: dict[str, Any], text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        run(circuit, **settings)
