"""Work on a Dask cluster: a real one of two processes on this machine."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import small_pieces as small

from neuromorph.api.evaluate import evaluate
from neuromorph.api.evaluation.windows import Bounds
from neuromorph.api.whole import export_whole
from neuromorph.errors import BackendError, MissingExtraError, UsageError
from neuromorph.models.digits import WEIGHTS
from neuromorph.parallel import Spread, carry_out
from neuromorph.parallel import cluster as door
from neuromorph.parallel.cluster import Cluster


@pytest.fixture(scope="module")
def local() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
            silence_logs=logging.CRITICAL) as found:
        yield found


@pytest.fixture
def spread(local: Any) -> Spread:
    return Spread(scheduler=local.scheduler_address)


@pytest.mark.slow
def test_results_are_equal_to_the_bit(spread: Spread, tmp_path: Path) -> None:
    here, there = (carry_out(small.arrays(tmp_path), where) for where in (Spread(), spread))
    for one, other in zip(here.results, there.results, strict=True):
        assert all(one[name].tobytes() == other[name].tobytes() for name in one)
    products = small.work(small.product, tmp_path, 3)
    assert carry_out(products).results == carry_out(products, spread).results


@pytest.mark.slow
def test_an_evaluation_on_two_workers_says_what_one_process_does(
    spread: Spread, tmp_path: Path
) -> None:
    bundle = export_whole(WEIGHTS, tmp_path / "w").path
    one, two = (evaluate(bundle, bounds=Bounds(windows=6), spread=where, work=tmp_path / "kept")
                for where in (Spread(), spread))
    assert one.as_dict() == two.as_dict()


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_loses_nothing(spread: Spread, tmp_path: Path) -> None:
    done = carry_out(small.work(small.dies, tmp_path), spread)
    assert done.results == [{"item": n, "third": n / 3} for n in range(5)]
    assert [path.name for path in tmp_path.iterdir()] == ["2-0"]


@pytest.mark.slow
def test_errors_are_those_of_processes(spread: Spread, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="item 3 of 5: here: two is not liked"):
        carry_out(small.work(small.refuses, tmp_path), spread)
    with pytest.raises(BackendError, match="item 3 of 5: ValueError: no luck"):
        carry_out(small.work(small.fails, tmp_path, times=9), spread)


@pytest.mark.slow
def test_a_worker_of_another_version_refuses(
    spread: Spread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {**door.versions(), "numpy": "0.1"}
    monkeypatch.setattr(door, "versions", lambda: wanted)
    with pytest.raises(UsageError, match=r"a worker has another numpy; .* expected 0\.1"):
        carry_out(small.work(small.plain, tmp_path), spread)


@pytest.mark.slow
def test_a_scheduler_without_workers_is_told() -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0", processes=False,
                                  silence_logs=logging.CRITICAL) as empty, pytest.raises(
            BackendError, match=r"has no workers.*dask worker inproc"):
        Cluster(empty.scheduler_address, 0.5)


@pytest.mark.parametrize("address", ["nonsense", "ftp://a:1", "", "tcp://127.0.0.1:nan"])
def test_what_is_no_address_is_refused(address: str) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(UsageError, match="not the address of a Dask scheduler"):
        Cluster(address, 0.5)


def test_a_scheduler_that_does_not_answer_is_told() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(BackendError, match=r"answers; found connection refused.*dask scheduler"):
        Cluster("tcp://127.0.0.1:9", 20)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match="neuromorph\\[distributed\\]"):
        Cluster("tcp://127.0.0.1:9")
