"""A short slice of `make fuzz`; and it finds what it looks for, again and again the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from doors import READERS
from fuzz_engine import Reader, judge, run
from planted import FAULTS, reader

from neuromorph.errors import FileFormatError

RUN = Path(__file__).with_name("run.py")
LINE = re.compile(r"(\w+) +([\d,]+) mutants, .* ([\d.]+)% read, +(\d+) kinds of refusal")
MUTANTS = 80


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, RUN, *map(str, arguments)], text=True,
                          capture_output=True, timeout=400)


def test_every_reader_reads_or_refuses_its_mutants() -> None:
    """Some of each are read and some refused, or little would have been tried."""
    done = command("--count", MUTANTS)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    lines = [LINE.match(line) for line in done.stdout.splitlines()]
    found = {m[1]: (int(m[2]), float(m[3]), int(m[4])) for m in lines if m}
    assert list(found) == list(READERS)
    for name, (tried, share, kinds) in found.items():
        assert tried == MUTANTS
        assert 2 < share < 98, name
        assert kinds >= (5 if name != "network" else 1), name


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, tmp_path: Path) -> None:
    said, _ = judge(reader(name), 3, tmp_path, seconds=0.2)
    assert said is not None
    assert said.startswith(FAULTS[name][1])


def test_what_is_found_is_counted_by_its_number(tmp_path: Path) -> None:
    def make(rng: Random | None, folder: Path) -> int:
        return 0 if rng is None else rng.randrange(3)

    def read(case: int) -> None:
        if case == 1:
            raise FileFormatError("no such 'thing'")
        if case == 2:
            raise KeyError(case)

    some = Reader("some", make, read)
    tally = run(some, range(30), tmp_path)
    assert tally.tried == 30 == tally.read + sum(tally.texts.values()) + len(tally.faults)
    assert list(tally.texts) == ["FileFormatError: no such …"]
    assert tally.read
    for number, text in tally.faults.items():
        assert text.startswith("KeyError: 2")
        assert list(run(some, [number], tmp_path).faults) == [number]


@pytest.mark.parametrize("name", READERS)
def test_a_number_is_one_mutant_for_ever(name: str, tmp_path: Path) -> None:
    """In another folder, after other mutants, in the same words."""
    made = []
    for folder, before in ((tmp_path / "a", ()), (tmp_path / "b", (7, 8))):
        folder.mkdir()
        for number in (*before, 4):
            case = READERS[name].make(Random(f"{name}:{number}"), folder)
        files = {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*"))
                 if p.is_file() and p.name != "whole"}
        made.append((files, None if isinstance(case, Path) else case))
    assert made[0] == made[1]


def test_one_mutant_alone_says_what_became_of_it() -> None:
    done = command("rule:3")
    assert "rule                1 mutants" in done.stdout
    assert done.returncode == 0
    assert "no such reader or mutant: rule:x; there are" in command("rule:x").stdout


def test_a_child_that_dies_is_told(tmp_path: Path) -> None:
    """A reader that takes the process with it: only who watches can say at which mutant."""
    script = tmp_path / "run.py"
    text = RUN.read_text().replace("HERE = Path(__file__).resolve().parent",
                                   f"HERE = Path({str(RUN.parent)!r})")
    script.write_text(text.replace(
        "    from fuzz_engine import run\n\n",
        "    from fuzz_engine import Reader, run\n\n"
        "    READERS['kills'] = Reader('kills', lambda rng, f: rng and rng.randrange(4),\n"
        "                              lambda case: case == 3 and os.kill(os.getpid(), 9))\n"))
    done = subprocess.run([sys.executable, script, "kills"], text=True, capture_output=True)
    assert re.search(r"FAULT kills:\d+: the process ended with -9", done.stdout), done
    assert done.returncode == 2
