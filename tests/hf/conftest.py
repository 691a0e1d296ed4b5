"""One thread, no network, and every model back to its own attention after each test."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for folder in (Path(__file__).parent.parent / "core", Path(__file__).parent):
    sys.path.insert(0, str(folder))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models gain nothing from more, and threads of torch, NumPy and Numba wait in turns."""
    import numba

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)
    yield
    numba.set_num_threads(threads)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails the test when anything tries to reach another machine, even if the error is caught."""
    tried: list[object] = []

    def refuse(*args: object, **_: object) -> None:
        tried.append(args[-1])
        raise OSError("no network in tests")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    assert tried == []


@pytest.fixture(autouse=True)
def nothing_stays_connected() -> Iterator[None]:
    yield
    from neuromorph.huggingface import hook

    for connection in hook._open():
        connection.close()


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model; not to be changed."""
    from hf_folders import save_model

    return save_model(tmp_path_factory.mktemp("saved") / "tiny-bert")


@pytest.fixture
def model_folder(bert_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(bert_folder, tmp_path / "tiny-bert"))


@pytest.fixture
def passages(tmp_path: Path) -> Path:
    from hf_folders import PASSAGES

    path = tmp_path / "passages.txt"
    path.write_text("\n\n".join(PASSAGES) + "\n", "utf-8")
    return path
