"""The workers of a Dask cluster. Extra ``distributed``.

A worker that dies is Dask's business: it gives the item to another. Workers must have our versions,
also those that come later: each item says which, and a worker with others refuses it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

from neuromorph.errors import BackendError, MissingExtraError, UsageError, brief
from neuromorph.parallel.allocator import keeping
from neuromorph.parallel.child import Reply
from neuromorph.parallel.failure import encode
from neuromorph.parallel.versions import check_versions, versions
from neuromorph.parallel.work import Doing
from neuromorph.parallel.workers import Answer, Workers, failed

SECONDS = 20
"""To find the scheduler, and its first worker."""


class Cluster(Workers):
    """Workers of a Dask scheduler.

    Parameters
    ----------
    address : str
        Of the scheduler: ``tcp://host:8786``.
    seconds : float
        How long to wait for it, and for its first worker.

    Raises
    ------
    MissingExtraError
        Without the ``distributed`` package.
    UsageError
        If it is no address.
    BackendError
        If nobody answers, or has workers.
    """

    def __init__(self, address: str, seconds: float = SECONDS) -> None:
        try:
            import distributed
        except ImportError as error:
            raise MissingExtraError("a Dask cluster needs distributed", found=str(error),
                                    hint="pip install 'neuromorph[distributed]'") from error
        self._address = address
        self._client: Any = None
        self._running: dict[int, Any] = {}
        self._done: Queue[tuple[int, Any]] = Queue()
        self._log = logging.getLogger("distributed")
        self._level = self._log.level
        self._log.setLevel(logging.CRITICAL)  # errors are told by us
        try:
            with _told(address, seconds):
                _knock(address, seconds)
                self._client = distributed.Client(address, timeout=seconds, set_as_default=False)
            with _told(address, seconds, found_it=True):
                self._client.wait_for_workers(1, timeout=seconds)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Take back what is not done yet, and leave the scheduler."""
        self.drop()
        if self._client is not None:
            self._client.close()
        self._client = None
        self._log.setLevel(self._level)

    def drop(self) -> None:
        """Take back what is not done yet; nobody hears of what is done meanwhile."""
        running, self._running, self._done = self._running, {}, Queue()
        for future in running.values():
            future.cancel()

    def give(self, index: int, doing: Doing, item: Any) -> None:
        """Hand it to the scheduler."""
        future = self._client.submit(_reply, doing, item, versions(), pure=False)
        self._running[index] = future
        told = self._done
        future.add_done_callback(lambda done: told.put((index, done)))

    def answer(self) -> Answer:
        """What the first worker has to say."""
        index, future = self._done.get()
        self._running.pop(index, None)
        error = future.exception() if future.status != "cancelled" else None
        if error is not None:
            return Answer(index, None, _of_dask(error), final=False)
        if future.status != "finished":
            return Answer(index, None, BackendError("the Dask scheduler has gone",
                                                    where=self._address), final=True)
        content, report = future.result()
        return failed(index, report) if content is None else Answer(index, content)


def _reply(doing: Doing, item: Any, wanted: dict[str, str]) -> Reply:
    """What a worker does: the result of an item, with as many threads as the worker has."""
    from distributed import get_worker

    try:
        check_versions(wanted)
        with keeping():
            return doing.encoded(item, get_worker().state.nthreads), b""
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
        return None, encode(error)


def _knock(address: str, seconds: float) -> None:
    """Whether anybody is there: a client of Dask that finds nobody may wait longer than it says.

    Raises
    ------
    ValueError
        If it is no address.
    OSError
        If nobody answers.
    """
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme in ("tcp", "tls"):
        if not parts.hostname or parts.port is None:
            raise ValueError(address)
        socket.create_connection((parts.hostname, parts.port), seconds).close()


@contextmanager
def _told(address: str, seconds: float, *, found_it: bool = False) -> Iterator[None]:
    """What Dask raises when it looks for a scheduler and its workers, in our words."""
    try:
        yield
    except ValueError as error:
        raise UsageError("this is not the address of a Dask scheduler", where="--scheduler",
                         found=address, expected="such as tcp://host:8786") from error
    except (OSError, asyncio.TimeoutError) as error:
        raise BackendError(
            "the Dask scheduler has no workers" if found_it else "no Dask scheduler answers",
            where=address, found=_happened(error) or f"nothing within {seconds:g} s",
            hint=f"start one with: dask worker {address} --nthreads 1" if found_it else
                 "start it with: dask scheduler") from error


def _happened(error: BaseException) -> str:
    """What the system says of it at once, such as that it was refused; "" of a wait in vain."""
    if isinstance(error, TimeoutError) or not isinstance(error, OSError):
        return ""
    return (error.strerror or "").lower()


def _of_dask(error: BaseException) -> BackendError:
    if type(error).__name__ == "KilledWorker":
        return BackendError("workers of the Dask cluster died over it, several times",
                            found=brief(error), hint="see the workers' logs; the system kills "
                            "what takes too much memory")
    return BackendError("a worker of the Dask cluster failed", found=brief(error))
