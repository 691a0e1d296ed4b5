"""Codes of fewer bits, and a profile that stores weights in as few bits as they need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_pairs import PAIR
from small_tuning import made_up, search

from neuromorph.api.compile import compile_bundle
from neuromorph.api.export import export
from neuromorph.api.tune import tune
from neuromorph.api.tuning.space import axes_of, moved
from neuromorph.bundle import Bundle
from neuromorph.compile.check.memory import format_of
from neuromorph.compile.check.placed import Bundle as Synapses
from neuromorph.compile.packing.demand import _synapse_bits
from neuromorph.compile.packing.limits import limits_of
from neuromorph.deploy.half_steps import _other
from neuromorph.errors import UsageError
from neuromorph.models.digits import WEIGHTS
from neuromorph.network import Projection
from neuromorph.profiles import Profile, load_profile
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions

PAIRS = TranslateOptions(spikes="binary", neurons_per_key=2, slots=150)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("profile") / "fitted.toml"
    path.write_text(
        'schema_version = 1\nname = "fitted"\ntitle = "Weights as they need"\n'
        'extends = "loihi2"\n\n[synapse.weight_bits_fitted]\nvalue = true\nunit = "bool"\n'
        'source = "made up"\nconfidence = "assumed"\n', "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def profile(fitted: str) -> Profile:
    return load_profile(fitted)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Bundle]:
    folder = tmp_path_factory.mktemp("narrow")
    return {bits: export(WEIGHTS, folder / str(bits), options=replace(
        PAIRS, key_bits=bits, value_bits=bits)).bundle for bits in (8, 5)}


@pytest.mark.parametrize(("weights", "exponent", "bits"), [
    ([[254, -254]], 0, 8), ([[-256, 0]], 0, 8), ([[62, -62]], 0, 6), ([[62, -64]], 0, 6),
    ([[66, -62]], 0, 7), ([[1, 1]], 0, 1), ([[-1, -1]], 0, 1), ([[62, -62]], -6, 6),
    ([[62, -62]], -7, 7), ([[62, -62]], -8, 8), ([[1, 0]], -4, 4)])
def test_packer_and_checker_count_the_same_bits(
    profile: Profile, weights: Any, exponent: int, bits: int
) -> None:
    """With fewer bits the mantissa is shifted up, as far as the exponent goes down."""
    array = np.array(weights, np.int32)
    projection = Projection("p", "a", "b", array, exponent=exponent)
    assert _synapse_bits(projection, exponent, limits_of(profile)) == bits
    assert _synapse_bits(projection, exponent, limits_of(load_profile("loihi2"))) == 8
    synapses = Synapses("p", "a", "b", array.astype(np.int64), 0, exponent, False, None, ())
    used = array != 0
    found = format_of(synapses, exponent, used, profile)
    assert found.bits - (0 if found.dense else limits_of(profile).index_bits) == bits


@given(st.lists(st.integers(-256, 255), min_size=1, max_size=6), st.integers(-8, 7))
def test_packer_and_checker_agree_on_any_weights(weights: list[int], exponent: int) -> None:
    base = load_profile("loihi2")
    profile = replace(base, synapse=base.synapse.model_copy(update={"weight_bits_fitted": True}))
    array = np.array([weights], np.int32)
    bits = _synapse_bits(Projection("p", "a", "b", array), exponent, limits_of(profile))
    synapses = Synapses("p", "a", "b", array.astype(np.int64), 0, exponent, False, None, ())
    found = format_of(synapses, exponent, np.ones(array.shape, bool), profile)
    assert found.bits == bits
    assert 1 <= bits <= 8


def test_fewer_bits_are_smaller_codes_of_coarser_scales(bundles: dict[int, Bundle]) -> None:
    wide, narrow = (next(iter(bundles[bits].codes.values())) for bits in (8, 5))
    assert (wide.shared.key_limit, narrow.shared.key_limit) == (127, 15)
    assert max(narrow.heads[0].value_limit, 15) <= 30
    np.testing.assert_allclose(narrow.key_scale * 15, wide.key_scale * 127)
    assert bundles[5].options["key_bits"] == 5


def test_they_take_less_memory_where_a_profile_stores_them_so(
    bundles: dict[int, Bundle], fitted: str
) -> None:
    """The independent checker counts them too, and the placed program runs to the bit."""
    bits = {(name, width): compile_bundle(bundles[width], name).report
            for name, width in (("loihi2", 8), (fitted, 8), (fitted, 5))}
    assert all(report["bit_exact"]["equal"] and not report["violations"]
               for report in bits.values())
    taken = {key: sum(row[4] for row in report["core_table"]) for key, report in bits.items()}
    assert taken[fitted, 5] < 0.95 * taken[fitted, 8]
    assert taken[fitted, 8] <= taken["loihi2", 8]


def test_tune_searches_them_there_only(fitted: str) -> None:
    assert axes_of(PAIRS)[:1] == ("window_nats",)
    assert axes_of(PAIRS, fitted=True)[:2] == ("value_bits", "key_bits")
    assert moved(PAIRS, "key_bits", -1) == replace(PAIRS, key_bits=7)
    assert moved(PAIRS, "key_bits", 1) is None
    looking = search("kl<=0.01", by="cores", make=lambda one: replace(made_up(one), costs={
        "cores": one.key_bits + one.value_bits, "forced": 0.0}))
    looking.fitted = True
    best = looking.run((512,))
    assert best is not None
    assert (best.options.key_bits, best.options.value_bits) == (4, 4)


def test_tune_knows_such_a_profile(fitted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr("neuromorph.api.tune.Search", lambda *given: seen.append(given[-1]) or 1/0)
    for by, profile in (("cores", fitted), ("cores", "loihi2"), ("steps", fitted)):
        with pytest.raises(ZeroDivisionError):
            tune(WEIGHTS, "kl<=1", by=by, profile=profile)
    assert seen == [True, False, False]


@pytest.mark.parametrize("changes", [{"key_bits": 1}, {"value_bits": 9}])
def test_widths_have_ends(changes: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="out of range"):
        TranslateOptions(**changes)


def test_a_block_has_them_in_full() -> None:
    with pytest.raises(UsageError, match="in full width"):
        BlockOptions(attention=TranslateOptions(key_bits=7))


def test_the_other_way_has_as_many_bits() -> None:
    wide, narrow = PAIR, replace(PAIR, key_limit=15, value_limit=25, unit=50)
    assert (_other(wide, 1).key_limit, _other(wide, 1).value_limit) == (31, 127)
    assert (_other(narrow, 1).key_limit, _other(narrow, 1).value_limit) == (15, 15)
