"""PyTorch files: read in a child by torch's loader of weights alone, or refused by name."""

from __future__ import annotations

import os
import sys
import zipfile
from collections import OrderedDict
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_models as small

from neuromorph.errors import InputError, MissingExtraError, NeuromorphError
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.models import Naming, open_model, open_tensors
from neuromorph.models import torch_file as door

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.hf


class Code:
    """Whatever a pickle calls when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch was-run",)


def encoder() -> Any:
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(12, 4, 20, batch_first=True)
    return torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


def saved(path: Path, what: Any, **settings: Any) -> Path:
    torch.save(what, path, **settings)
    return path


def wrapped(state: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


@pytest.mark.parametrize("kind", ["plain", "checkpoint", "data parallel", "old", "compiled"])
def test_a_state_dict_is_read_as_it_is(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(door.tempfile, "tempdir", str(tmp_path / "temporary"))
    state = encoder().state_dict()
    what, settings = {
        "plain": (state, {}), "old": (state, {"_use_new_zipfile_serialization": False}),
        "checkpoint": ({"epoch": 3, "model": state, "optimizer": {"state": {}}}, {}),
        "data parallel": (wrapped(state, "module."), {}),
        "compiled": ({"state_dict": wrapped(state, "_orig_mod.")}, {}),
    }[kind]
    path = saved(tmp_path / "m.pt", what, **settings)
    model = open_model(path, Naming(heads=4, causal=False))
    assert [*(tmp_path / "temporary").iterdir()] == []
    at = "layers.1.self_attn"
    assert model.layers[1].name == at
    np.testing.assert_array_equal(model.layers[1].key_weight,
                                  state[f"{at}.in_proj_weight"][12:24].numpy())
    assert model.provenance["files"]["m.pt"]["bytes"] == path.stat().st_size


def test_every_dtype_is_what_safetensors_has(tmp_path: Path) -> None:
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn,
             torch.int64, torch.int8, torch.bool]
    state = {f"t{n}": torch.arange(6).reshape(2, 3).to(kind) for n, kind in enumerate(kinds)}
    state["turned"] = torch.arange(6.0).reshape(2, 3).T
    state["none"], state["one"] = torch.zeros(0, 3), torch.tensor(7.0)
    with closing(open_tensors(saved(tmp_path / "m.pth", state))) as file:
        assert set(file.names) == set(state)
        for name, tensor in state.items():
            np.testing.assert_array_equal(file.read(name), tensor.float().numpy(), name)


def test_a_known_model_beside_its_configuration(tmp_path: Path) -> None:
    tensors = {name: torch.from_numpy(array) for name, array in small.llama_tensors().items()}
    folder = small.folder(tmp_path / "m", small.llama_tensors(), small.llama_config())
    expected = open_model(folder).layers[0].project(small.random((4, 12)))
    (folder / "model.safetensors").unlink()
    found = open_model(saved(folder / "pytorch_model.bin", tensors)).layers[0].project(
        small.random((4, 12)))
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(("kind", "order"), [("by head", "heads"), ("fused", "blocks")])
def test_fused_rows_in_either_order(kind: str, order: str, tmp_path: Path) -> None:
    import torch_attentions as own

    torch.manual_seed(1)
    module = own.stack(kind).eval()
    module(torch.randn(1, 7, own.WIDTH))
    path = saved(tmp_path / "m.pt", module.state_dict())
    said = Naming({"qkv": "layers.{layer}.qkv.weight", "o": "layers.{layer}.o.weight"},
                  heads=own.HEADS, causal=False)
    with pytest.raises(NeuromorphError, match="does not say in which order its rows are"):
        open_model(path, said)
    layer = open_model(path, said.joined(Naming(fused_order=order))).layers[1]
    projected = layer.project(module.layers[1].entered[0].detach().numpy())
    for mine, theirs in zip(projected, module.layers[1].seen, strict=True):
        np.testing.assert_allclose(mine, theirs[0].detach().numpy(), atol=2e-6)


def rezipped(path: Path, change: Any) -> Path:
    """The same archive with other members, or packed otherwise."""
    with zipfile.ZipFile(path) as archive:
        members = [(member.filename, archive.read(member)) for member in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content, packing in change(members):
            archive.writestr(name, content, packing)
    return path


STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
GOOD = {"a.weight": torch.zeros(2, 2)}
ONE = torch.zeros(1)
BAD: dict[str, tuple[Any, str]] = {
    "empty": (lambda p: p.write_bytes(b""), "the file is empty"),
    "text": (lambda p: p.write_bytes(b"hello there"), "this is not a PyTorch file; found b'hell'"),
    "git-lfs": (lambda p: p.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
                "Run: git lfs pull"),
    "html": (lambda p: p.write_bytes(b"<!doctype html>"), "an HTML or XML page"),
    "gguf": (lambda p: p.write_bytes(b"GGUF" + bytes(40)), "found a GGUF file"),
    "tar": (lambda p: p.write_bytes(bytes(257) + b"ustar" + bytes(300)), "a tar archive"),
    "fifo": (os.mkfifo, "found a FIFO"),
    "folder": (lambda p: p.mkdir(), "neither model.safetensors"),
    "bare zip": (lambda p: zipfile.ZipFile(p, "w").close(), "this archive is no PyTorch file"),
    "pickle cut": (lambda p: p.write_bytes(b"\x80\x02}"), "torch cannot read this file"),
    "module": (lambda p: saved(p, torch.nn.Linear(2, 2)),
               "holds code.*found torch.nn.modules.linear.Linear. Save the weights alone"),
    "system": (lambda p: saved(p, {"a": Code()}), r"holds code.*found (posix|nt).system"),
    "system, old": (lambda p: saved(p, {"a": Code()}, _use_new_zipfile_serialization=False),
                    r"holds code.*found (posix|nt).system"),
    "program": (lambda p: rezipped(saved(p, GOOD), lambda members: [
        (*member, STORED) for member in [*members, ("m/code/a.py", b"")]]), "TorchScript"),
    "packed": (lambda p: rezipped(saved(p, GOOD), lambda members: [
        (*member, DEFLATED) for member in members]), "packed or encrypted"),
    "twice": (lambda p: rezipped(saved(p, GOOD), lambda members: [
        (*member, STORED) for member in [*members, members[0]]]), "a member twice"),
    "no storage": (lambda p: rezipped(saved(p, GOOD), lambda members: [
        (*member, STORED) for member in members if "/data/" not in member[0]]),
        "torch cannot read this file"),
    "10^9 from nothing": (lambda p: saved(p, {"a": ONE.expand(10**9)}),
                          r"larger than what is stored of it; found 'a' \[1000000000\]"),
    "sparse": (lambda p: saved(p, {"a": torch.eye(3).to_sparse()}), "torch.sparse_coo|cannot read"),
    "meta": (lambda p: saved(p, {"a": torch.zeros(2, device="meta")}), "no numbers, only a shape"),
    "complex": (lambda p: saved(p, {"a": torch.zeros(2, dtype=torch.complex128)}), "complex128"),
    "a list": (lambda p: saved(p, [ONE]), "no tensors by name; found list"),
    "no tensors": (lambda p: saved(p, {"lr": 1.0}), "no tensors by name; found lr"),
    "two models": (lambda p: saved(p, {"model": GOOD, "ema": GOOD}),
                   "several sets of weights; found model, ema"),
    "a path": (lambda p: saved(p, {"../a": ONE}), "'../a' is a path"),
    "an escape": (lambda p: saved(p, {"a\x1b[2J": ONE}), "control characters"),
    "same to a reader": (lambda p: saved(p, OrderedDict([("\u212b", ONE), ("\u00c5", ONE)])),
                         "equal after Unicode normalisation"),
    "numbers as names": (lambda p: saved(p, {1: ONE}), "no tensors by name; found 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make, says = BAD[name]
    with pytest.warns() if name == "twice" else pytest.MonkeyPatch.context():
        make(tmp_path / "m.pt")
    with pytest.raises(InputError, match=says) as caught:
        open_tensors(tmp_path / "m.pt")
    assert str(caught.value).isprintable()
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("sixteenth", [0, 5, 15])
@pytest.mark.parametrize("old", [False, True])
def test_cut(sixteenth: int, old: bool, tmp_path: Path) -> None:
    path = saved(tmp_path / "m.pt", encoder().state_dict(),
                 _use_new_zipfile_serialization=not old)
    content = path.read_bytes()
    path.write_bytes(content[:len(content) * sixteenth // 16])
    with pytest.raises(NeuromorphError) as caught:
        open_tensors(path)
    assert str(caught.value).isprintable()


def test_a_module_beside_the_file_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("import os; os.mkdir('was-run')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", os.curdir)])
    open_tensors(saved(tmp_path / "m.pt", GOOD)).close()
    assert not (tmp_path / "was-run").exists()


def test_time_and_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "m.pt", {f"t{n}": torch.zeros(1 << 22)[:] for n in range(1)})
    shared = torch.zeros(1 << 20)
    many = saved(tmp_path / "many.pt", {f"t{n}": shared for n in range(20)})
    with pytest.raises(NeuromorphError, match="holds more than its size allows; found 83886080"):
        open_tensors(many)
    monkeypatch.setattr(door, "_SECONDS", -path.stat().st_size / 10e6 + 0.001)
    with pytest.raises(NeuromorphError, match="did not read the file in time"):
        open_tensors(path)


def test_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "m.pt", GOOD)
    (tmp_path / "no").mkdir()
    (tmp_path / "no" / "torch.py").write_text("raise ImportError('no torch here')")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "no"), *sys.path])
    with pytest.raises(MissingExtraError, match=r"needs torch; found no torch.*neuromorph\[hf\]"):
        open_tensors(path)


def test_the_temporary_file_reads_as_safetensors(tmp_path: Path) -> None:
    """What is between torch and us is the format that we know."""
    from neuromorph.files.opening import RegularFile

    made = tmp_path / "made.safetensors"
    with RegularFile(saved(tmp_path / "m.pt", GOOD)) as file:
        door._run(file, made)
    with SafetensorsFile(made) as read:
        assert read.names == ("a.weight",)
