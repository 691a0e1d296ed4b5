"""Bundles of whole models: they come back as they were, and what does not is refused."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save
from small_whole import small_whole

from neuromorph.bundle import load_bundle
from neuromorph.bundle.whole import WholeBundle, load_whole, save_whole
from neuromorph.bundle.whole.bundle import MANIFEST, NUMBERS, TEMPLATE, TOKENIZER, WEIGHTS
from neuromorph.circuits.transformer.closed_form import run
from neuromorph.errors import (
    BundleError,
    MissingFileError,
    NeuromorphError,
    OutputExistsError,
    RangeProofError,
    TensorError,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Edit = Callable[[Path], object]


def same(one: Any, other: Any) -> bool:
    """Whether two trees of dataclasses hold the same numbers, field by field."""
    if is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)
            if f.name != "path")
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save_whole(small_whole(), tmp_path / "whole")


@pytest.mark.parametrize("kind", [
    {}, {"layer_norm": True, "gated": False}, {"head_norms": True},
    {"causal": False, "rotary": False}, {"causal": False, "rotary": False, "patches": True}])
def test_what_is_saved_comes_back(kind: dict[str, Any], tmp_path: Path) -> None:
    bundle = small_whole(3, **kind)
    loaded = load_whole(save_whole(bundle, tmp_path / "b"))
    assert same(bundle, loaded)
    inputs = np.arange(12) if not kind.get("patches") else np.arange(12 * 258).reshape(12, 258) % 16
    assert np.array_equal(run(bundle.model, inputs).answer, run(loaded.model, inputs).answer)


def test_each_number_of_a_block_is_kept(tmp_path: Path) -> None:
    bundle = small_whole()
    blocks = tuple(replace(
        block, rest=n, product_shift=9 + n, turns=2,
        carries=((block.carries[0][0], 2), (np.full(block.width, 3 + n), np.full(block.width, 2))))
        for n, block in enumerate(bundle.model.blocks))
    from neuromorph.circuits.block.numbers import with_period

    period = max(block.busy for block in blocks) + 5
    blocks = tuple(with_period(block, period) for block in blocks)
    changed = replace(bundle, model=replace(bundle.model, blocks=blocks))
    assert same(changed, load_whole(save_whole(changed, tmp_path / "b")))
    assert not same(changed, bundle)


def test_equal_bundles_give_equal_bytes(tmp_path: Path) -> None:
    one, other = (save_whole(small_whole(1), tmp_path / name) for name in "ab")
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {
        p.name: p.read_bytes() for p in other.iterdir()}


def test_weights_are_read_only_views_of_the_file(saved: Path) -> None:
    weights = load_whole(saved).model.blocks[0].gate.weights
    assert weights.dtype == np.int8
    assert not weights.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1


def test_views_outlive_the_file(saved: Path) -> None:
    """A bundle that is replaced is another file; what is loaded goes on."""
    bundle = load_whole(saved)
    before = run(bundle.model, np.arange(4)).answer
    save_whole(small_whole(5), saved, force=True)
    assert np.array_equal(before, run(bundle.model, np.arange(4)).answer)


def test_a_bundle_says_what_it_is(saved: Path) -> None:
    manifest = tomllib.loads((saved / MANIFEST).read_text())
    assert (manifest["kind"], manifest["family"]) == ("whole", "llama")
    assert manifest["provenance"]["licence"] == "MIT"
    assert load_whole(saved).report()["weights"] == load_whole(saved).model.embedding.weights.size \
        + sum(getattr(b, name).weights.size for b in load_whole(saved).model.blocks
              for name in ("query", "key", "value", "output", "gate", "up", "down")) \
        + load_whole(saved).model.head.dense.weights.size


def test_another_kind_of_bundle_is_named(saved: Path) -> None:
    with pytest.raises(BundleError, match=r"of a whole model; expected one of attention.*generate"):
        load_bundle(saved)


def test_an_unproved_model_is_neither_saved_nor_run(tmp_path: Path) -> None:
    bundle = small_whole()
    model = bundle.model
    loud = replace(model.head, norm=replace(model.head.norm, multiplier=65535,
                                            y_shift=model.head.norm.y_shift - 9))
    with pytest.raises(RangeProofError, match=r"head\.dense row"):
        save_whole(replace(bundle, model=replace(model, head=loud)), tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_force_replaces_its_own_kind_alone(saved: Path) -> None:
    with pytest.raises(OutputExistsError, match="exists already"):
        save_whole(small_whole(1), saved)
    (saved / MANIFEST).write_text((saved / MANIFEST).read_text().replace('"whole"', '"other"'))
    with pytest.raises(OutputExistsError, match=r"another kind of result.*other bundle"):
        save_whole(small_whole(1), saved, force=True)


# --- what is cut, altered or made up


def manifest(**changes: Any) -> Edit:
    def edit(bundle: Path) -> None:
        fields = tomllib.loads((bundle / MANIFEST).read_text()) | changes
        (bundle / MANIFEST).write_bytes(tomli_w.dumps(
            {name: value for name, value in fields.items() if value is not None}).encode())

    return edit


def signed(bundle: Path) -> None:
    """The manifest with the checksums of the files as they are now."""
    entries = [{"name": path.name, "size": path.stat().st_size,
                "sha256": sha256(path.read_bytes()).hexdigest()}
               for path in sorted(bundle.iterdir()) if path.name != MANIFEST]
    manifest(files=entries)(bundle)


def arrays(change: Callable[[dict[str, Any]], object]) -> Edit:
    def edit(bundle: Path) -> None:
        held = dict(load((bundle / WEIGHTS).read_bytes()))
        change(held)
        (bundle / WEIGHTS).write_bytes(save(held))
        signed(bundle)

    return edit


def array(name: str, value: Any) -> Edit:
    return arrays(lambda held: held.update({name: value(held[name])}))


def numbers(change: Callable[[dict[str, Any]], object]) -> Edit:
    def edit(bundle: Path) -> None:
        held = json.loads((bundle / NUMBERS).read_text())
        change(held)
        (bundle / NUMBERS).write_text(json.dumps(held))
        signed(bundle)

    return edit


def file(name: str, content: bytes) -> Edit:
    def edit(bundle: Path) -> None:
        (bundle / name).write_bytes(content)
        signed(bundle)

    return edit


def linked(bundle: Path) -> None:
    (bundle / WEIGHTS).rename(bundle.parent / "elsewhere")
    (bundle / WEIGHTS).symlink_to(bundle.parent / "elsewhere")


def flipped(bundle: Path) -> None:
    content = bytearray((bundle / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (bundle / WEIGHTS).write_bytes(content)


def fifo(bundle: Path) -> None:
    (bundle / NUMBERS).unlink()
    os.mkfifo(bundle / NUMBERS)


def at(index: Any, value: int) -> Callable[[Any], Any]:
    def change(held: Any) -> Any:
        changed = held.copy()
        changed[index] = value
        return changed

    return change


QUERY = "blocks.0.query"
BAD: dict[str, tuple[Edit, type[NeuromorphError], str]] = {
    "no manifest": (lambda b: (b / MANIFEST).unlink(), MissingFileError, "not a bundle"),
    "newer": (manifest(schema_version=2), BundleError, "schema version; found 2; expected 1"),
    "no version": (manifest(schema_version=None), BundleError, "found none"),
    "of attention": (manifest(kind=None), BundleError, "of attention; expected one of a whole"),
    "unknown kind": (manifest(kind="half"), BundleError, "kind"),
    "unknown field": (manifest(stops=[1]), BundleError, "Did you mean 'stop'"),
    "path as name": (manifest(files=[{"name": "../x", "size": 0, "sha256": "0" * 64}]),
                     BundleError, "no bundle has"),
    "stop of no token": (manifest(stop=[258]), BundleError, "found 258; expected below 258"),
    "stop below 0": (manifest(stop=[-1]), BundleError, "stop"),
    "many stops": (manifest(stop=[0] * 65), BundleError, "stop"),
    "chat of numbers": (manifest(chat={"before": 1, "after": ""}), BundleError, "chat.before"),
    "symlink": (linked, BundleError, "not a plain file"),
    "FIFO": (fifo, BundleError, "not a plain file"),
    "altered": (flipped, BundleError, "was altered"),
    "not safetensors": (file(WEIGHTS, b"<html>" * 9), BundleError, "cannot be read"),
    "empty": (file(WEIGHTS, b""), BundleError, "cannot be read"),
    "not JSON": (file(NUMBERS, b"{"), BundleError, "not JSON"),
    "deep JSON": (file(NUMBERS, b"[" * 50_000), BundleError, "nested too deeply"),
    "JSON list": (file(NUMBERS, b"[]"), BundleError, "numbers.json"),
    "NaN": (file(NUMBERS, b'{"causal": NaN}'), BundleError, "NaN"),
    "template no text": (file(TEMPLATE, b"\xff"), BundleError, "UTF-8"),
    "no array": (arrays(lambda a: a.pop(f"{QUERY}.bias")), BundleError, "lacks an array"),
    "another array": (arrays(lambda a: a.update(x=a["angles.sine"])), BundleError,
                      "no such model has"),
    "lone gain": (arrays(lambda a: a.pop("head.bias")), BundleError, "head.bias"),
    "wide weights": (array(f"{QUERY}.weights", lambda w: w.astype(np.int16)), TensorError,
                     "dtype; found I16; expected I8"),
    "float constants": (array(f"{QUERY}.bias", lambda b: b.astype(np.float32)), TensorError,
                        "found F32; expected I32"),
    "weight -128": (array(f"{QUERY}.weights", at((0, 0), -128)), TensorError, "found -128"),
    "embedding -128": (array("embedding.weights", at((0, 0), -128)), TensorError, "found -128"),
    "turned": (array(f"{QUERY}.weights", lambda w: w[:, :-1]), NeuromorphError, "wrong shape"),
    "no rows": (array(f"{QUERY}.weights", lambda w: w[:0]), TensorError, "wrong shape"),
    "rank": (array(f"{QUERY}.weights", lambda w: w[0]), TensorError, "2 dimensions"),
    "multiplier": (array(f"{QUERY}.multiplier", at(0, 65536)), NeuromorphError, "multiplier"),
    "shift": (array(f"{QUERY}.shift", at(0, 0)), NeuromorphError, "shift"),
    "bias": (array("blocks.1.gate.bias", at(0, 2**15)), NeuromorphError, "bias"),
    "down shift": (array("blocks.1.down.shift", at(0, 17)), NeuromorphError, "shift"),
    "output bias": (array("blocks.0.output.bias", at(0, 2**23)), NeuromorphError, "bias"),
    "code centre": (array("blocks.0.key_code.centre", at(0, 2**23)), NeuromorphError, "centre"),
    "code rows": (array("blocks.0.key_code.centre", lambda c: c[:-1]), NeuromorphError,
                  "not one a neuron"),
    "carry": (array("blocks.0.attention.carry", lambda c: np.array(c + 65536)),
              NeuromorphError, "carry"),
    "head shift": (array("head.shift", at(0, 41)), NeuromorphError, "shift"),
    "payload": (array("embedding.payload", at(0, 0)), NeuromorphError, "payload"),
    "loud payload": (array("embedding.payload", at(0, 66_053)), NeuromorphError, "payload"),
    "embedding shift": (array("embedding.shift", at(0, 0)), NeuromorphError, "shift"),
    "angle": (array("angles.cosine", at((0, 0), 32769)), NeuromorphError, "constant is out"),
    "angles": (array("angles.cosine", lambda a: a[:, :-1]), NeuromorphError, "angles"),
    "stream NaN": (array("streams.scale", lambda s: s * np.nan), TensorError, "finite"),
    "streams": (array("streams.offset", lambda s: s[:-1]), TensorError, "hidden states"),
    "head row": (array("blocks.0.heads", at((0, 0), 0)), TensorError, "slots is out of range"),
    "unproved head": (array("blocks.0.heads", at((0, 8), 1)), NeuromorphError, "blocks.0"),
    "bool for int": (numbers(lambda n: n.update(head_places=True)), BundleError, "head_places"),
    "no block": (numbers(lambda n: n.update(blocks=[])), BundleError, "blocks"),
    "more blocks": (numbers(lambda n: n["blocks"].append(n["blocks"][0])), BundleError,
                    "blocks.2"),
    "fewer blocks": (numbers(lambda n: n["blocks"].pop()), NeuromorphError, ""),
    "norm": (numbers(lambda n: n["blocks"][0]["mlp_norm"].update(size=2**40)), BundleError,
             "mlp_norm.size"),
    "norm of others": (numbers(lambda n: n["blocks"][0]["mlp_norm"].update(size=9)),
                       NeuromorphError, "norm is of another"),
    "least": (numbers(lambda n: n["head_norm"].update(least=0)), NeuromorphError, "too little"),
    "loud norm": (numbers(lambda n: n["blocks"][0]["attention_norm"].update(
        multiplier=65535, y_shift=18)), RangeProofError, "24 bits"),
    "code limit": (numbers(lambda n: n["blocks"][0].update(query_limit=127)), RangeProofError,
                   "proved for"),
    "turns": (numbers(lambda n: n["blocks"][0].update(turns=0)), BundleError, "turns"),
    "unknown number": (numbers(lambda n: n.update(spin=1)), BundleError, "unknown field"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_bundle_is_refused(name: str, saved: Path) -> None:
    edit, kind, text = BAD[name]
    edit(saved)
    with pytest.raises(kind) as caught:
        load_whole(saved)
    assert text in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


KEY = "blocks.1.key_norm"
BAD_HEAD_NORMS: dict[str, tuple[Edit, str]] = {
    "gain": (array(f"{KEY}.gain", at(0, -65536)), "a gain does not fit"),
    "gains": (array(f"{KEY}.gain", lambda g: g[:-1]), "not one a number of a head"),
    "no gain": (arrays(lambda a: a.pop(f"{KEY}.gain")), "lacks an array"),
    "shift": (array(f"{KEY}.shift", at(0, 0)), "shift"),
    "keys alone": (numbers(lambda n: n["blocks"][1].update(query_norm=None)), "no such model has"),
    "heads": (numbers(lambda n: n["blocks"][1]["key_norm"].update(heads=9)),
              "a head's norm is of another"),
    "no heads": (numbers(lambda n: n["blocks"][1]["key_norm"].update(heads=0)), "key_norm.heads"),
    "layer norm": (numbers(lambda n: n["blocks"][1]["key_norm"].update(centred=1)),
                   "a layer norm of queries and keys"),
    "least": (numbers(lambda n: n["blocks"][1]["key_norm"].update(least=0)), "too little"),
}


@pytest.mark.parametrize("name", BAD_HEAD_NORMS)
def test_bad_norms_of_heads_are_refused(name: str, tmp_path: Path) -> None:
    saved = save_whole(small_whole(head_norms=True), tmp_path / "whole")
    load_whole(saved)
    edit, text = BAD_HEAD_NORMS[name]
    edit(saved)
    with pytest.raises(NeuromorphError) as caught:
        load_whole(saved)
    assert text in str(caught.value)


@pytest.mark.parametrize("name", [WEIGHTS, NUMBERS, TOKENIZER, MANIFEST])
@pytest.mark.parametrize("part", range(16))
def test_a_cut_file_is_refused(name: str, part: int, saved: Path) -> None:
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[: len(content) * part // 16])
    with pytest.raises((BundleError, MissingFileError)):
        load_whole(saved)


def test_without_checksums_sizes_and_sums_are_still_checked(saved: Path) -> None:
    flipped(saved)
    assert isinstance(load_whole(saved, verify=False), WholeBundle)
    (saved / WEIGHTS).write_bytes((saved / WEIGHTS).read_bytes()[:-1])
    with pytest.raises(BundleError, match="altered or cut"):
        load_whole(saved, verify=False)


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_altered_bytes_end_in_an_error_of_ours_or_in_a_proved_model(
    saved: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([WEIGHTS, NUMBERS]))
    good = (saved / name).read_bytes()
    content = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        (saved / name).write_bytes(content)
        signed(saved)
        try:
            bundle = load_whole(saved)
        except NeuromorphError:
            return
        run(bundle.model, np.arange(3) % len(bundle.model.embedding.weights))
    finally:
        (saved / name).write_bytes(good)
