"""``make fuzz``: mutants for every reader, in a child that is watched.

::

    run.py [--count N] [READER[:NUMBER] …]

A reader and a number name one mutant for ever: ``make fuzz FUZZ=npz:17`` tries it again and shows
where it ends. The exit code is 1 if a mutant was neither read nor refused in words of ours, took
more than 2 s or 100 MiB, or took the process with it.
"""

from __future__ import annotations

import argparse
import mmap
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE), str(HERE.parent / "robustness"),
                str(HERE.parent / "core")]
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}

if TYPE_CHECKING:
    from fuzz_engine import Tally

STUCK = 60.0
"""Seconds on one mutant after which the child is ended: it does not even hear its own alarm."""


def main(arguments: Sequence[str]) -> int:
    """Parse, and either watch a child or be it."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("chosen", nargs="*", metavar="READER[:NUMBER]")
    parser.add_argument("--count", type=int, default=20_000, help="mutants a reader")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    return watched(arguments) if options.child is None else child(options)


def watched(arguments: Sequence[str]) -> int:
    """Run the child, and say at which mutant it died or got stuck."""
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_fast_folder()) as folder:
        page = Path(folder) / "at"
        page.write_bytes(b"\0" * mmap.PAGESIZE)
        process = subprocess.Popen([sys.executable, __file__, *arguments, "--child", str(page)])
        at, since = b"", time.monotonic()
        try:
            while process.poll() is None:
                time.sleep(0.2)
                now = page.read_bytes()
                if now != at:
                    at, since = now, time.monotonic()
                elif time.monotonic() - since > STUCK:
                    process.kill()
        finally:
            process.kill()
            code = process.wait()
        if code not in (0, 1, 2):
            where = page.read_bytes().rstrip(b"\0").decode()
            say(f"FAULT {where}: the process ended with {code}")
        return min(abs(code), 2)


def child(options: argparse.Namespace) -> int:
    """Try everything that was asked for."""
    from doors import READERS
    from fuzz_engine import run

    chosen = options.chosen or list(READERS)
    unknown = [one for one in chosen if not re.fullmatch(rf"({'|'.join(READERS)})(:\d+)?", one)]
    if unknown:
        say(f"no such reader or mutant: {unknown[0]}; there are {', '.join(READERS)}")
        return 2
    faults = 0
    with options.child.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mark:
        for name, _, number in (one.partition(":") for one in chosen):
            folder = options.child.parent / name
            folder.mkdir(exist_ok=True)
            numbers = range(options.first, options.first + options.count)
            tally = run(READERS[name], [int(number)] if number else numbers, folder, mark)
            faults += len(tally.faults)
            report(name, tally, bool(number))
    return int(faults > 0)


def report(name: str, tally: Tally, alone: bool) -> None:
    """A line a reader, and one a kind of fault; for one mutant alone, what it says."""
    from fuzz_engine import without_names

    say(f"{name:<12} {tally.tried:>8,} mutants, {tally.tried / max(tally.seconds, 1e-9):7,.0f} "
        f"a second, {tally.share:6.1%} read, {len(tally.texts):>4} kinds of refusal, slowest "
        f"{tally.slowest:.2f} s, largest process {_peak()} MiB, {len(tally.faults)} faults")
    kinds: dict[str, list[int]] = {}
    for number, text in tally.faults.items():
        kinds.setdefault(without_names(text), []).append(number)
    for numbers in kinds.values():
        more = f" (and {len(numbers) - 1:,} like it)" if len(numbers) > 1 else ""
        say(f"  FAULT {name}:{numbers[0]}: {tally.faults[numbers[0]]}{more}")
    if alone:
        for text in tally.texts:
            say(f"  {text}")


def say(line: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _peak() -> int:
    """MiB of the process at its largest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _fast_folder() -> str | None:
    """In memory where there is such a place: mutants are files."""
    shared = Path("/dev/shm")
    return str(shared) if os.access(shared, os.W_OK) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
