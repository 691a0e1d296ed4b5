"""``make mutants``: small changes to the rooms that hold the integers; does a test see each?

::

    run.py [--count N] [--seed S] [--jobs N] [--again] [ROOM | FILE | FILE:NUMBER …]

A file and a number name one mutant as long as the file is what it is:
``make mutants MUTANT=neurons/gate.py:17`` shows it and tries it again. Of a room or a file a
sample is drawn by the seed. Tests are the files that come to the changed one by the fewest
imports, as many as take ``--seconds`` together; run over a copy, never here. What is done is
written to ``--journal``: a run that was stopped goes on there, and what survived is tried again
where its file or those tests have changed. ``equivalent.toml`` lists changes that change nothing.
The exit code is 1 if a mutant survived.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeVar

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}

from mutations import Mutant, applied, mutants  # noqa: E402
from nearest import Tree  # noqa: E402
from trial import Copy, Outcome, warm  # noqa: E402

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOMS: dict[str, tuple[str, ...]] = {
    "neurons": ("tests/core/test_neuron_models.py",),
    "circuits": (),
    "translate": (),
    "compile/check": (),
}
"""Folders of the package, each with tests that know its files by a list and not by an import."""

SAMPLES = ("tiny.py",)
"""Files with models drawn for tests and demonstrations: any other weights would do as well."""

SHARES = 0.15, 0.85
"""Of the time for tests: what is tried at first, and what only if nothing failed."""

GUESS = 6.0
"""Seconds of a file of tests of which nothing is known yet."""

MOST = 12
"""Files of tests in a run."""

PACE, SPARE = 2.0, 30.0
"""A run does not end that takes so many times the time for tests, and so many seconds."""

POLL = 0.05

T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work on one of several copies; each step is a look at its child."""


class Chosen(NamedTuple):
    """A mutant by its name, with the room that it is of, and its file's texts."""

    room: str
    name: str
    path: str
    mutant: Mutant
    before: bytes

    @property
    def key(self) -> tuple[str, str, str, str]:
        """By what it does, which outlives its number."""
        return self.path, self.mutant.where, self.mutant.was, self.mutant.now


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Choose, try and report."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chosen", nargs="*", metavar="ROOM|FILE[:NUMBER]")
    parser.add_argument("--count", type=int, default=50, help="mutants of a room or file")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=1, help="at a time")
    parser.add_argument("--seconds", type=float, default=120, help="of tests for a mutant")
    parser.add_argument("--journal", type=Path, default=Path("out/mutants.jsonl"))
    parser.add_argument("--again", action="store_true", help="try survivors again in any case")
    options = parser.parse_args(arguments)
    try:
        lists = [choose(root, name, options.count, options.seed)
                 for name in options.chosen or ROOMS]
    except LookupError as error:
        say(str(error.args[0]))
        return 2
    chosen = [one for row in zip_longest(*lists) for one in row if one]  # a part is of all rooms
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(root, Path(folder), options)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            bench.try_all(chosen)
        except KeyboardInterrupt:
            say("stopped; the same command goes on from here")
        finally:
            for copy in bench.copies:
                copy.end()
    return report(bench, chosen)


def choose(root: Path, name: str, count: int, seed: int) -> list[Chosen]:
    """The mutants of a name: a room, a file, or a file with a number."""
    path, _, number = name.partition(":")
    package = root / "neuromorph"
    room = next((room for room in ROOMS if f"{path}/".startswith(f"{room}/")), None)
    if room is None or not (package / path).exists() or (number and not number.isdigit()):
        raise LookupError(f"no such room or file: {name}; rooms are {', '.join(ROOMS)}, "
                          f"a file is neurons/gate.py, a mutant neurons/gate.py:17")
    files = sorted((package / path).rglob("*.py")) if (package / path).is_dir() \
        else [package / path]
    files = [file for file in files if file.name not in SAMPLES or file == package / path]
    found = [Chosen(room, f"{file.relative_to(package).as_posix()}:{n}",
                    file.relative_to(package).as_posix(), mutant, source)
             for file in files for source in [file.read_bytes()]
             for n, mutant in enumerate(mutants(source))]
    if number:
        if int(number) >= len(found):
            raise LookupError(f"no such mutant: {name}; the file has {len(found)}, from 0")
        return [found[int(number)]]
    Random(f"{path}:{seed}").shuffle(found)  # a larger count goes on from a smaller one
    return found[:count]


class Bench:
    """Copies, the journal, and what tests take."""

    def __init__(self, root: Path, folder: Path, options: argparse.Namespace) -> None:
        self.root, self.folder, self.options = root, folder, options
        self.copies: list[Copy] = []
        self.tree = Tree(root)
        self.base: dict[str, dict[str, Any]] = {}
        self.done: dict[str, dict[str, Any]] = {}
        self.good, self.bad = set[str](), set[str]()
        self.durations: dict[str, float] = {}
        self.equivalent = equivalents(HERE / "equivalent.toml")
        if options.journal.exists():
            for line in options.journal.read_text().splitlines():
                self._remember(json.loads(line))

    def _remember(self, entry: dict[str, Any]) -> None:
        if "mutant" in entry:
            self.done[entry["mutant"]] = entry
        elif entry["digest"] == self.digest(entry["tests"]):
            self.base[entry["tests"]] = entry

    def note(self, entry: dict[str, Any]) -> None:
        """Write what is known now."""
        self._remember(entry)
        self.options.journal.parent.mkdir(parents=True, exist_ok=True)
        with self.options.journal.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def digest(self, *names: str) -> str:
        """Of files of the repository."""
        texts = b"".join((self.root / name).read_bytes() for name in names)
        return hashlib.sha256(texts).hexdigest()[:16]

    def is_equivalent(self, one: Chosen) -> bool:
        """Whether it is listed as a change that changes nothing."""
        return one.key in self.equivalent

    def known(self, one: Chosen) -> dict[str, Any] | None:
        """What is known of a mutant, if nothing that it was learnt from has changed."""
        entry = self.done.get(one.name)
        if entry is None or entry["told"] != one.mutant.told:
            return None
        if entry["verdict"] != "survived":
            return entry if entry["source"] == self.digest(f"neuromorph/{one.path}") else None
        fresh = entry["digest"] == self.digest(f"neuromorph/{one.path}", *entry["by"])
        return entry if fresh and not self.options.again else None

    def try_all(self, chosen: Sequence[Chosen]) -> None:
        """Try what is not known yet, several at a time."""
        alone = len(chosen) == 1
        waiting = [one for one in chosen
                   if alone or not (self.is_equivalent(one) or self.known(one))]
        if not waiting:
            return
        warm()
        jobs = min(self.options.jobs, len(waiting))
        for n in range(jobs):
            (self.folder / str(n)).mkdir()
            self.copies.append(Copy(self.root, self.folder / str(n)))
        self.counted, self.all = 0, len(waiting)
        queue = iter(waiting)
        work = {copy: self._on(copy, queue) for copy in self.copies}
        while work:
            for copy, steps in list(work.items()):
                if next(steps, self) is self:
                    del work[copy]
            time.sleep(POLL)

    def _on(self, copy: Copy, queue: Iterator[Chosen]) -> Steps[None]:
        """Try one after another in a copy: first the nearest tests, then, if it lives, others."""
        for one in queue:
            near, tried = self.near(one), list[str]()
            outcome = Outcome("no tests", "", 0.0, {})
            for share in SHARES:
                tests = self._gather(near, share * self.options.seconds)
                if not tests:
                    break
                now = yield from self._seen_by(copy, one, tests)
                tried += tests
                outcome = now._replace(seconds=outcome.seconds + now.seconds)
                if now.verdict != "passed":
                    break
            self._tell(one, outcome, tried)

    def _gather(self, near: Iterator[str], seconds: float) -> list[str]:
        """The next tests, until they take so long; a file that alone takes too long is left out."""
        tests: list[str] = []
        taken = 0.0
        for test in near:
            takes = self.base.get(test, {}).get("seconds", min(GUESS, self.options.seconds))
            if takes <= self.options.seconds:
                tests.append(test)
                taken += takes
            if taken >= seconds or len(tests) == MOST:
                break
        return tests

    def _seen_by(self, copy: Copy, one: Chosen, tests: list[str]) -> Steps[Outcome]:
        """These tests with the change; what fails without it as well is left out, and all again."""
        while True:
            copy.change(f"neuromorph/{one.path}", applied(one.before, one.mutant))
            outcome = yield from self._run(copy, [*tests, *self._deselected()])
            copy.restore()
            if outcome.verdict == "passed":
                self._learn(tests, outcome)
                return outcome
            if outcome.verdict == "timed out":
                ours = yield from self._ends_soon(copy, tests)
            else:
                ours = yield from self._passes(copy, outcome.by)
            if ours or not tests:
                return outcome if tests else outcome._replace(verdict="no tests")

    def _run(self, copy: Copy, tests: Sequence[str]) -> Steps[Outcome]:
        copy.start(tests, PACE * self.options.seconds + SPARE, self.durations)
        while (outcome := copy.outcome()) is None:
            yield None
        return outcome

    def _deselected(self) -> list[str]:
        return [f"--deselect={test}" for test in self.bad]

    def _passes(self, copy: Copy, test: str) -> Steps[bool]:
        """Whether a test that failed passes without the change."""
        if test and test not in self.good | self.bad:
            whole = [] if "::" in test else ["--collect-only"]
            outcome = yield from self._run(copy, [test, *whole])
            (self.good if outcome.verdict in ("passed", "no tests") else self.bad).add(test)
            if test in self.bad:
                say(f"{test} is left out: without any change it {outcome.verdict}")
        return test not in self.bad

    def _ends_soon(self, copy: Copy, tests: list[str]) -> Steps[bool]:
        """Whether tests end well within their time without the change; those that do not go."""
        soon = True
        for test in tests[:]:
            outcome = yield from self._run(copy, [test, *self._deselected()])
            if outcome.verdict == "passed":
                self._learn([test], outcome)
            if outcome.verdict == "timed out" or outcome.seconds > self.options.seconds:
                self._note_pace(test, outcome.seconds)
                tests.remove(test)
                soon = False
        return soon

    def _learn(self, tests: Sequence[str], outcome: Outcome) -> None:
        """What each file took, of a run that passed."""
        self.durations |= outcome.durations
        all_of_it = max(sum(outcome.durations.values()), 1e-9)
        for test in tests:
            share = sum(seconds for name, seconds in outcome.durations.items()
                        if name.startswith(f"{test}::")) / all_of_it
            if test not in self.base:
                self._note_pace(test, share * outcome.seconds)

    def _note_pace(self, test: str, seconds: float) -> None:
        self.note({"tests": test, "seconds": round(seconds, 1), "digest": self.digest(test)})

    def near(self, one: Chosen) -> Iterator[str]:
        """Files of tests for a mutant, the most likely to see it first."""
        names = [self.tree.name(self.tree.modules[t]) for t in
                 self.tree.tests(self.root / "neuromorph" / one.path, one.mutant.was)]
        listed = [name for name in ROOMS[one.room] if (self.root / name).exists()]
        yield from dict.fromkeys((*listed, *names))

    def _tell(self, one: Chosen, outcome: Outcome, tests: list[str]) -> None:
        verdict = {"failed": "killed", "passed": "survived"}.get(outcome.verdict, outcome.verdict)
        self.counted += 1
        self.note({"mutant": one.name, "verdict": verdict, "told": one.mutant.told,
                   "seconds": round(outcome.seconds, 1),
                   "by": tests if verdict == "survived" else outcome.by,
                   "source": self.digest(f"neuromorph/{one.path}"),
                   "digest": self.digest(f"neuromorph/{one.path}", *tests)})
        say(f"{self.counted:>4} of {self.all}  {verdict:<9} {outcome.seconds:6.1f} s  {one.name}  "
            f"{one.mutant.told[:110]}")
        if self.all == 1:
            say(f"tests: {' '.join(tests) or 'none come to it'}")
            say(f"by: {outcome.by}" if outcome.by else "")


def equivalents(path: Path) -> dict[tuple[str, str, str, str], str]:
    """Changes that change nothing, each with the reason."""
    listed = tomllib.loads(path.read_text()).get("equivalent", [])
    return {(one["file"], one["where"], one["was"], one["now"]): one["why"] for one in listed}


def report(bench: Bench, chosen: Sequence[Chosen]) -> int:
    """A line a room, and one a survivor."""
    survivors = []
    say(f"{'room':<15} {'tried':>6} {'killed':>7} {'timed out':>10} {'survived':>9} "
        f"{'equivalent':>11}")
    for room in ROOMS:
        ours = [one for one in chosen if one.room == room]
        verdicts = Counter({"equivalent": sum(map(bench.is_equivalent, ours))})
        for one in ours:
            entry = None if bench.is_equivalent(one) else bench.done.get(one.name)
            if entry and entry["told"] == one.mutant.told:
                verdicts[entry["verdict"]] += 1
                if entry["verdict"] in ("survived", "no tests"):
                    survivors.append(one)
        if not ours:
            continue
        late = verdicts["timed out"]
        dead = verdicts["killed"] + verdicts["crashed"]
        alive = verdicts["survived"] + verdicts["no tests"]
        say(f"{room:<15} {dead + late + alive + verdicts['equivalent']:>6} {dead:>7} {late:>10} "
            f"{alive:>9} {verdicts['equivalent']:>11}")
    for one in survivors:
        say(f"SURVIVED {one.name}: {one.mutant.told}")
    return int(bool(survivors))


def say(line: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()



if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
