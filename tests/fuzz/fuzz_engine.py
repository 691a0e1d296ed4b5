"""Give a reader mutants; each must be read, or refused in words of ours, soon and in little memory.

A mutant is made from (reader, number) and nothing else, so that one that fails can be made again.
"""

from __future__ import annotations

import mmap
import re
import resource
import signal
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from neuromorph.errors import NeuromorphError

SECONDS = 2.0
"""Most that a mutant may take, on the processor's clock: the machine may be busy."""
ROOM = 100 << 20
"""Most bytes that a mutant may take beyond what the process has."""
MARK = 256
"""Bytes of the page on which a worker writes what it is at."""


@dataclass(frozen=True)
class Reader:
    """A way into the house.

    Attributes
    ----------
    name : str
    make : callable
        (rng, empty folder) -> what ``read`` takes; may write files into the folder. With None
        for the rng, the valid seed.
    read : callable
    """

    name: str
    make: Callable[[Random | None, Path], Any]
    read: Callable[[Any], object]


@dataclass
class Tally:
    """What became of a reader's mutants."""

    tried: int = 0
    read: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    texts: Counter[str] = field(default_factory=Counter)
    faults: dict[int, str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Of the mutants that were read."""
        return self.read / max(self.tried, 1)


class TooSlowError(BaseException):
    """Time is over; no reader may catch it."""


def run(reader: Reader, numbers: Iterable[int], folder: Path,
        mark: mmap.mmap | None = None) -> Tally:
    """Try mutants, and count; files are written into ``folder``, best in memory."""
    tally, began = Tally(), time.perf_counter()
    with limited(None):
        reader.read(reader.make(None, folder))
    for number in numbers:
        if mark is not None:
            text = f"{reader.name}:{number}".encode()
            mark[:MARK] = text.ljust(MARK, b"\0")
        said, seconds = judge(reader, number, folder)
        tally.tried += 1
        tally.slowest = max(tally.slowest, seconds)
        if said is None:
            tally.read += 1
        elif said.startswith(FAULT):
            tally.faults[number] = said.removeprefix(FAULT)
        else:
            tally.texts[without_names(said)] += 1
    tally.seconds = time.perf_counter() - began
    return tally


FAULT = "fault: "


def judge(reader: Reader, number: int, folder: Path, seconds: float = SECONDS,
          room: int = ROOM) -> tuple[str | None, float]:
    """None for a mutant that was read, the text of its refusal, or `FAULT` and why; and seconds."""
    began = time.process_time()
    try:
        case = reader.make(Random(f"{reader.name}:{number}"), folder)
        began = time.process_time()
        with limited(room, seconds):
            reader.read(case)
        said = None
    except NeuromorphError as error:
        said = _refusal(error)
    except TooSlowError:
        said = f"{FAULT}more than {seconds:g} s"
    except MemoryError:
        said = f"{FAULT}more than {room >> 20} MiB"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        said = f"{FAULT}{_brief(error)}"
    return said, time.process_time() - began


def _refusal(error: NeuromorphError) -> str:
    """What it says, if a person can read it and it does not hide that memory ran out."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return f"{FAULT}memory ran out: {error}"
        cause = cause.__cause__ or cause.__context__
    text = str(error)
    if not text.isprintable() or len(text) > 5000:
        return f"{FAULT}the error is no printable line: {text[:200]!r}"
    return f"{type(error).__name__}: {error.what}"


def _brief(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "neuromorph" in f.filename]
    place = ours[-1] if ours else last
    return (f"{type(error).__name__}: {error} in {Path(place.filename).name}:{place.lineno} "
            f"{place.name}")[:400]


def without_names(text: str) -> str:
    """The text without what comes from the file, to count the kinds."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|0x\w+|\d+|\b\S*[._/]\S*", "…", text)


@contextmanager
def limited(room: int | None, seconds: float = 60.0) -> Iterator[None]:
    """Stop what runs too long or takes too much; a warning is an error, as nobody reads it."""
    before = signal.signal(signal.SIGPROF, _stop)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if room is not None:
        resource.setrlimit(resource.RLIMIT_AS, (_size() + room, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _stop(number: int, frame: Any) -> None:
    raise TooSlowError


_STATM = Path("/proc/self/statm")


def _size() -> int:
    """Bytes of address space in use."""
    return int(_STATM.read_text().split()[0]) * mmap.PAGESIZE

