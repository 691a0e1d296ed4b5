"""Layers wired group to group: blocks, their rewiring, the pass that lays groups on cores."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorph import backends
from neuromorph.api.circuits.ensembles import Settings, sized
from neuromorph.api.circuits.ensembles_run import ANSWER, answered, codes_of
from neuromorph.circuits.ensembles import Layer, build, closed_form, trains
from neuromorph.compile import Unit, compile_units, ensembles, placement
from neuromorph.compile.check import check_program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.errors import NetworkError, RangeProofError, TensorError, UsageError
from neuromorph.network import Probe
from neuromorph.network.block_masks import Blocks, blocks, common_groups, group_wires
from neuromorph.network.regrow import block_scores, cofiring, prune_regrow
from neuromorph.papers.ensembles import Layers, train
from neuromorph.profiles import load_profile

PROFILE = load_profile("kapoho_point")


def layer(rng: np.random.Generator, mask: Any) -> Layer:
    size = len(mask)
    weights = (rng.integers(1, 128, mask.shape) * rng.choice([-1, 1], mask.shape) * mask)
    return Layer(weights.astype(np.int8), rng.integers(-900, 900, size),
                 rng.integers(1 << 12, 1 << 14, size), np.full(size, 18))


def small(seed: int = 0, sizes: tuple[int, ...] = (16, 32, 24), groups: int = 4, fan: int = 2,
          ) -> list[Layer]:
    """Masked layers and a dense one of 3 behind them."""
    rng = np.random.default_rng(seed)
    masks = [blocks(groups, fan, n).mask(*pair)
             for n, pair in enumerate(pairwise(sizes))]
    return [layer(rng, mask) for mask in (*masks, np.ones((3, sizes[-1]), bool))]


# --- blocks


@pytest.mark.parametrize(("groups", "fan"), [(1, 1), (4, 4), (16, 4), (7, 5), (64, 2)])
def test_each_group_hears_and_is_heard_by_as_many(groups: int, fan: int) -> None:
    for seed in range(5):
        wired = blocks(groups, fan, seed)
        assert (wired.wires.sum(axis=0) == fan).all()
        assert (wired.wires.sum(axis=1) == fan).all()
        assert wired.wires.diagonal().all()
        assert (wired.groups, wired.fan, wired.density) == (groups, fan, fan / groups)
        np.testing.assert_array_equal(wired.wires, blocks(groups, fan, seed).wires)
        mask = wired.mask(3 * groups, 2 * groups)
        assert mask.mean() == pytest.approx(fan / groups)
        np.testing.assert_array_equal(group_wires(mask, groups), wired.wires)
    assert not np.array_equal(blocks(64, 2, 0).wires, blocks(64, 2, 1).wires)


def test_groups_are_found_from_weights_and_not_in_random_masks() -> None:
    mask = blocks(8, 2, 3).mask(64, 128)
    assert common_groups(mask) == 8
    assert common_groups(np.ones((64, 64))) == 1
    assert common_groups(np.kron(np.eye(4), np.ones((6, 6)))) == 4
    few = mask * 1
    few[:4, :2] = 0  # a block of 32 groups is empty by chance
    assert common_groups(few) == 8


@pytest.mark.parametrize("call", [
    lambda: blocks(0, 1, 0), lambda: blocks(4, 5, 0), lambda: blocks(4, 0, 0),
    lambda: blocks(True, 1, 0), lambda: blocks(5000, 1, 0)])
def test_numbers_of_blocks_that_are_none_are_refused(call: Any) -> None:
    with pytest.raises(UsageError, match="no such number of blocks"):
        call()


def test_blocks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="do not divide the outputs; found 4 groups of 10"):
        blocks(4, 2, 0).mask(8, 10)
    with pytest.raises(NetworkError, match="hear different numbers of groups; found \\[1, 2\\]"):
        Blocks(np.array([[True, True], [False, True]]))
    with pytest.raises(NetworkError, match="no square"):
        Blocks(np.ones((2, 3), bool))


# --- rewiring


@pytest.mark.parametrize("hebbian", [True, False])
def test_a_hundred_rewirings_leave_a_layout_of_as_many_blocks(hebbian: bool) -> None:
    found = []
    for _ in range(2):
        rng, wired = np.random.default_rng(1), blocks(16, 4, 0)
        for seed in range(100):
            weights, together = rng.standard_normal((2, 32, 48))
            before = wired
            wired = prune_regrow(wired, weights, 0.2, together if hebbian else None, seed=seed)
            assert (wired.wires.sum(axis=0) == 4).all()
            assert wired.density == 0.25
            assert 1 <= (before.wires & ~wired.wires).sum() <= 12
        found.append(wired.wires)
    np.testing.assert_array_equal(*found)


def test_the_weakest_block_goes_and_what_fires_together_comes() -> None:
    wired = Blocks(np.eye(4, dtype=bool) | np.roll(np.eye(4, dtype=bool), 1, axis=1))
    weights, together = np.ones((8, 8)), np.zeros((8, 8))
    weights[2:4, 0:2] = 0.1  # group 1 hears group 0 weakly
    together[2:4, 6:8] = -0.9  # and group 3 fires against it
    after = prune_regrow(wired, weights, 1 / 8, together)
    gone, come = wired.wires & ~after.wires, after.wires & ~wired.wires
    assert np.argwhere(gone).tolist() == [[0, 1]]
    assert np.argwhere(come).tolist() == [[3, 1]]
    assert prune_regrow(wired, weights, 0.0, together).wires.tolist() == wired.wires.tolist()
    full = blocks(3, 3, 0)
    assert prune_regrow(full, np.ones((3, 3)), 1.0).wires.all()


def test_co_firing_is_a_correlation() -> None:
    rng = np.random.default_rng(0)
    before, noise = rng.standard_normal((500, 3)), rng.standard_normal((500, 2))
    after = np.stack([before[:, 1], -2 * before[:, 2] + 5], axis=1) + 1e-3 * noise
    found = cofiring(before, after)
    np.testing.assert_allclose(found, np.corrcoef(after.T, before.T)[:2, 2:], atol=1e-9)
    assert (cofiring(np.ones((5, 2)), rng.random((5, 1))) == 0).all()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: cofiring(np.ones((3, 1)), np.ones((2, 1))), "as many steps before as after"),
    (lambda: cofiring(np.full((3, 1), np.nan), np.ones((3, 1))), "NaN"),
    (lambda: block_scores(np.ones((4, 6)), 4), "groups do not divide a layer"),
    (lambda: prune_regrow(blocks(4, 2, 0), np.ones((4, 4)), 1.1), "no such share"),
])
def test_what_cannot_be_rewired_is_refused(call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()


# --- the circuit and the pass


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_layers_are_their_closed_form(seed: int) -> None:
    layers = small(seed, (4, 8, 6), 2, 1)
    codes = np.random.default_rng(seed).integers(0, 128, (3, 4))
    answered(Unit("layers", build(layers)), layers, codes, "reference")  # raises where not


def test_blocks_without_synapses_are_gone() -> None:
    """Two of four blocks a group, and a part of the last layer for each group before it."""
    cut = ensembles(Unit("layers", build(small())))
    assert len(cut.network.populations) == 1 + 4 + 4 + 1
    assert len(cut.network.projections) == 4 + 4 * 2 + 4


@pytest.mark.parametrize(("backend", "layers"), [
    ("fast", small()), ("reference", small()), ("lava", small(0, (8, 8), 2, 1))])
def test_cut_by_groups_all_integers_are_those_of_the_masked_layers(
    backend: str, layers: list[Layer]
) -> None:
    whole = Unit("layers", build(layers))
    cut = ensembles(whole)
    size = layers[0].weights.shape[1]
    inputs, steps = trains(layers, np.random.default_rng(1).integers(0, 128, (4, size)))
    probes = [ANSWER, *(Probe(f"layer {n + 1}") for n in range(len(layers) - 1))]
    run = backends.get(backend).run
    one, other = (unit.run(run, inputs, probes, steps) for unit in (whole, cut))
    for probe in probes:
        np.testing.assert_array_equal(one.traces[probe], other.traces[probe])
        assert one.traces[probe].any()


def test_groups_lie_on_cores_one_to_one_and_the_checker_agrees() -> None:
    cut = ensembles(Unit("blocks", sized(512, [blocks(16, 4, n) for n in range(2)])))
    placed = Unit(cut.name, cut.network, together=cut.together)  # files do not tell of cuts
    compiled = compile_units([placed], PROFILE)
    assert check_program(*program_as_dict(compiled.program), PROFILE).ok
    pieces = compiled.program.slices_of(0)
    assert all(len(found) == 1 for name, found in pieces.items() if name in cut.together)
    assert len(cut.together) == 32


@pytest.mark.parametrize("width", [512, 1024, pytest.param(2048, marks=pytest.mark.slow)])
def test_a_quarter_of_the_weights_takes_a_part_of_the_cores_and_arrivals(width: int) -> None:
    wires, every = [blocks(16, 4, n) for n in range(2)], [blocks(16, 16, 0)] * 2
    masked = Unit("blocks", sized(width, wires))
    dense, plain, own = (placement(unit, PROFILE) for unit in (
        Unit("dense", sized(width, every)), masked, ensembles(masked)))
    assert own.cores <= 0.55 * dense.cores
    assert own.cores < plain.cores
    assert own.deliveries <= (0.25 if width >= 2048 else 0.35) * dense.deliveries
    cut = placement(ensembles(masked, together=False), PROFILE)
    assert cut.cores <= own.cores
    assert cut.deliveries >= own.deliveries


def test_groups_that_no_core_holds_are_cut_as_any_population_is() -> None:
    big = Unit("big", sized(1024, [blocks(2, 1, n) for n in range(2)]))
    assert placement(ensembles(big), PROFILE).populations_cut > 0


def test_layers_that_are_no_blocks_are_refused() -> None:
    rng = np.random.default_rng(0)
    masks = [rng.random(shape) < 0.25 for shape in ((32, 16), (24, 32))]
    random = build([layer(rng, mask) for mask in (*masks, np.ones((3, 24), bool))])
    for groups in (None, 4):
        with pytest.raises(UsageError, match="no layer of this network is made of blocks"):
            ensembles(Unit("random", random), groups)
    with pytest.raises(UsageError, match="the groups divide no layer; found 5"):
        ensembles(Unit("layers", build(small())), 5)


@pytest.mark.parametrize(("layers", "message"), [
    ([], "no layers"),
    ([replace(small()[0], bias=np.zeros(3, np.int64))], "weights and scales do not fit"),
    ([small()[0], small()[0]], "does not fit the one before it"),
])
def test_layers_that_do_not_fit_are_refused(layers: list[Layer], message: str) -> None:
    with pytest.raises(TensorError, match=message):
        build(layers)


def test_sums_beyond_24_bits_are_refused() -> None:
    one = np.ones(1, np.int64)
    wide = Layer(np.full((1, 600), 127, np.int8), one, one, one)
    with pytest.raises(RangeProofError, match="layer 1: a sum may leave its 24 bits"):
        build([wide])


# --- learning in float


def test_gradients_are_those_of_the_loss() -> None:
    rng = np.random.default_rng(0)
    layers = Layers.drawn((6, 8, 4), [blocks(2, 1, 0).mask(6, 8)], rng)
    images, labels = rng.random((20, 6)), rng.integers(0, 4, 20)

    def loss() -> float:
        said = layers.activities(images)[-1].astype(np.float64)
        chosen = said[np.arange(20), labels]
        return float((np.log(np.exp(said).sum(axis=1)) - chosen).mean())

    for n, (own, _) in enumerate(layers.gradients(images, labels)):
        place = np.unravel_index(np.abs(own).argmax(), own.shape)
        kept = layers.weights[n][place]
        ends = []
        for step in (-0.02, 0.02):
            layers.weights[n][place] = kept + step
            ends.append(loss())
        layers.weights[n][place] = kept
        assert own[place] == pytest.approx((ends[1] - ends[0]) / 0.04, rel=0.02)
    assert (layers.gradients(images, labels)[0][0][~layers.masks[0]] == 0).all()


def test_masked_weights_stay_0_while_it_learns() -> None:
    rng = np.random.default_rng(0)
    layers = Layers.drawn((8, 16, 2), [blocks(4, 1, 0).mask(8, 16)], rng)
    images = rng.random((200, 8))
    labels = (images[:, 0] > images[:, 1]).astype(int)
    train(layers, images, labels, 30, rng)
    assert layers.accuracy(images, labels) > 0.9
    assert (layers.weights[0][~layers.masks[0]] == 0).all()


@pytest.mark.parametrize(("given_settings", "message"), [
    ({"groups": 3, "fan": 2}, "do not divide the inputs"),
    ({"width": 100}, "do not divide the outputs"),
    ({"fan": 17}, "fan"), ({"regrow": "x"}, "no such way to regrow")])
def test_settings_that_do_not_fit_are_refused(given_settings: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Settings(**given_settings)


def test_codes_of_pixels() -> None:
    assert codes_of(np.array([[0.0, 0.5, 1.0]])).tolist() == [[0, 64, 127]]
    assert closed_form(small(), np.zeros((1, 16), int)).shape == (1, 3)
