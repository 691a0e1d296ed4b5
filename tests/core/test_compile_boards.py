"""The profile that is chosen where none was named, and the board that would do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_heads import BINARY, GRADED

from neuromorph.api.compile import compile_bundle, program_text
from neuromorph.api.export import export
from neuromorph.bundle import Bundle
from neuromorph.circuits.latency_attention import build
from neuromorph.compile import Unit
from neuromorph.deploy import boards
from neuromorph.deploy.boards import fitting, smallest_board
from neuromorph.deploy.units import units_of
from neuromorph.errors import ProfileError, UsageError
from neuromorph.models.digits import WEIGHTS
from neuromorph.profiles import load_profile
from neuromorph.translate import TranslateOptions

OPTIONS = {"default": TranslateOptions(), "binary": TranslateOptions(spikes="binary"),
           "loihi1": TranslateOptions(spikes="binary", target="loihi1"),
           "wide": TranslateOptions(slots=512)}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    folder = tmp_path_factory.mktemp("bundles")
    return {name: export(WEIGHTS, folder / name, options=options).bundle
            for name, options in OPTIONS.items()}


def units(count: int, head: Any, slots: int = 400) -> tuple[Unit, ...]:
    """Heads of one network, two of which take a core of a Loihi 2."""
    big = replace(head, slots=slots, value_limit=60, unit=120, value_size=120)
    draw = np.random.default_rng(1)
    network = build(big, draw.choice([-20, 20], (slots, 3)), draw.choice([-60, 60], (slots, 120)))
    return tuple(Unit(f"h{i}", network) for i in range(count))


@pytest.mark.parametrize(("kind", "profile", "why"), [
    ("default", "loihi2-graded", "graded spikes need programmable neurons"),
    ("binary", "loihi2", "its spikes are binary"),
    ("loihi1", "loihi1", "its heads are made for Loihi 1"),
])
def test_an_export_compiles_without_a_profile(
    bundles: dict[str, Bundle], kind: str, profile: str, why: str
) -> None:
    found = compile_bundle(bundles[kind]).report
    assert (found["fits"], found["profile"]) == (True, profile)
    assert found["chosen"] == f"the smallest that takes the bundle; {why}"
    assert program_text(bundles[kind], None, "place").startswith(f"program {profile}\n")


def test_a_profile_that_was_named_is_not_changed(bundles: dict[str, Bundle]) -> None:
    found = compile_bundle(bundles["default"], "loihi2").report
    assert (found["fits"], found["profile"], found["chosen"]) == (False, "loihi2", None)
    assert found["smallest_board"] == "loihi2-graded"
    assert found["changes"] == [
        "Compile for `--profile loihi2-graded`, the smallest that would do.",
        "Pass `--programmable` if the chip can run neurons of our own.",
        "Export again with plain spikes, for stock neurons: `--spikes binary`."]
    assert compile_bundle(bundles["default"], "loihi2", programmable=True).report["fits"] is True


@pytest.mark.parametrize(("kind", "profile", "board"), [
    ("default", "loihi1", "loihi2-graded"), ("default", "nahuku32", "loihi2-graded"),
    ("binary", "kapoho_bay", "loihi2"), ("default", "loihi2", "loihi2-graded")])
def test_a_board_of_another_family_is_named_where_the_own_has_none(
    bundles: dict[str, Bundle], kind: str, profile: str, board: str
) -> None:
    heads = units_of(bundles[kind], "static")
    assert smallest_board(heads, load_profile(profile)) == board


def test_what_exceeds_a_chip_gets_the_smallest_board(bundles: dict[str, Bundle]) -> None:
    many = units(300, GRADED)
    assert fitting(bundles["default"], many).profile.name == "kapoho_point"
    found = smallest_board(many[:200], load_profile("kapoho_point"))
    assert found == "loihi2-graded"


@pytest.mark.parametrize(("cores", "profile", "board"), [
    (100, "loihi1", "loihi1"), (150, "loihi1", "kapoho_bay"), (4097, "loihi1", "hala_point"),
    (100, "kapoho_point", "loihi2"), (150, "loihi2", "kapoho_point"), (10**6, "loihi2", None)])
def test_the_smallest_board_is_of_the_own_family_if_one_will_do(
    monkeypatch: pytest.MonkeyPatch, cores: int, profile: str, board: str | None
) -> None:
    for count in ("cores_at_least", "cores_taken"):
        monkeypatch.setattr(boards, count, lambda *_: cores)
    assert smallest_board(units(1, BINARY), load_profile(profile)) == board


def test_units_are_packed_once_for_each_kind_of_chip(
    bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many boards are larger and larger; those that are too small by the bound never."""
    packed = []
    true = boards.cores_taken

    def counted(*arguments: Any) -> int | None:
        packed.append(arguments[1].name)
        return true(*arguments)

    monkeypatch.setattr(boards, "cores_taken", counted)
    assert fitting(bundles["default"], units(300, GRADED)).profile.name == "kapoho_point"
    assert packed == ["kapoho_point"]


def test_what_nothing_takes_is_told_of_the_largest(
    bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "cores_taken", lambda *_: 1_000_000)
    for kind in ("default", "binary"):
        found = fitting(bundles[kind], units_of(bundles[kind], "static"))
        assert found.profile.name == "hala_point"
        assert found.why == "the largest that is known; none takes the bundle"


def test_programmable_neurons_may_be_asked_for(bundles: dict[str, Bundle]) -> None:
    assert compile_bundle(bundles["binary"], programmable=True).report["profile"] == "loihi2-graded"
    with pytest.raises(UsageError, match=r"Loihi 1 has no.*found loihi1\. Name a Loihi 2"):
        compile_bundle(bundles["loihi1"], "loihi1", programmable=True)


def test_without_profiles_there_is_nothing_to_choose_from(
    bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "profile_names", tuple)
    with pytest.raises(ProfileError, match="no profile that is known suits the bundle"):
        compile_bundle(bundles["default"])


def test_slots_far_beyond_the_sample_are_said(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    assert compile_bundle(bundles["default"]).report["warnings"] == []
    found = compile_bundle(bundles["wide"]).report
    assert (found["slots"], found["sample_tokens"]) == (512, 17)
    warning = found["warnings"][-1]
    assert [one["kind"] for one in found["warnings"]] == ["short-passages", "many-slots"]
    assert warning["text"].startswith("the heads have 512 slots, the bundle's sample 17 ")
