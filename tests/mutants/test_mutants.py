"""`make mutants` finds what it looks for, in a small house of its own."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mutations import applied, mutants
from nearest import Tree

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

CODE = '''"""Clip, as a neuron does."""

from __future__ import annotations

TOP = 7


def clipped(x: int | None, low: int = 0) -> int:
    """Text with 1 + 2 in it."""
    if x is None:
        raise ValueError(f"no number, of at least {low + 1}")
    if x > TOP:
        return TOP
    return max(x, low)
'''

STRONG = '''import pytest

from neuromorph.neurons.clip import clipped


def test_clip():
    assert [clipped(x) for x in (-2, -1, 0, 1, 6, 7, 8, 9)] == [0, 0, 0, 1, 6, 7, 7, 7]
    with pytest.raises(ValueError, match="no number"):
        clipped(None)
'''

WEAK = '''from neuromorph.neurons.clip import clipped


def test_clip():
    assert clipped(3) == 3
'''

PYTEST = '[tool.pytest.ini_options]\naddopts = "-p no:nengo --import-mode=importlib"\n'

HANGS = CODE.replace("    if x > TOP:", "    while x > TOP:\n        x -= 1\n    if x > TOP:")


def quick(text: str) -> str:
    """A script that imports nothing ahead, and is less patient."""
    text = re.sub("^WARM = .*$", 'WARM = ("pytest",)', text, flags=re.MULTILINE)
    return text.replace("PACE, SPARE = 2.0, 30.0", "PACE, SPARE = 0.1, 4.0")


@pytest.fixture
def house(tmp_path: Path) -> Callable[..., Path]:
    """A repository of one neuron and one file of tests, with this script in it."""
    def build(tests: str, code: str = CODE, equivalent: str = "") -> Path:
        root = tmp_path / "house"
        for name, text in {"neuromorph/__init__.py": "", "neuromorph/neurons/__init__.py": "",
                           "neuromorph/neurons/clip.py": code, "tests/core/test_clip.py": tests,
                           "tests/mutants/equivalent.toml": equivalent,
                           "pyproject.toml": PYTEST}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for script in ("run.py", "trial.py", "mutations.py", "nearest.py"):
            text = (HERE / script).read_text()
            (root / "tests/mutants" / script).write_text(quick(text))
        return root

    return build


def command(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "tests/mutants/run.py", *arguments], cwd=root,
                          text=True, capture_output=True, timeout=300)


def counted(said: str) -> tuple[int, ...]:
    """Tried, killed, timed out, survived, equivalent."""
    row = re.search(r"^neurons +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", said, re.MULTILINE)
    assert row, said
    return tuple(map(int, row.groups()))


def number_of(now: str, code: str = CODE) -> str:
    """The name of the mutant that has this now."""
    (n,) = [n for n, m in enumerate(mutants(code.encode())) if m.now == now]
    return f"neurons/clip.py:{n}"


def test_a_strong_test_kills_and_a_weak_one_does_not(house: Callable[..., Path]) -> None:
    """``x >= TOP`` gives what was given before; a listed reason takes it out."""
    several = [number_of("min(x, low)"), number_of("8")]
    done = command(house(WEAK), *several, "--jobs", "2")
    assert counted(done.stdout) == (2, 1, 0, 1, 0), done
    assert done.returncode == 1
    assert f"SURVIVED {number_of('8')}: line 5, the module: 7  ->  8" in done.stdout

    listed = ('[[equivalent]]\nfile = "neurons/clip.py"\nwhere = "clipped"\nwas = "x > TOP"\n'
              'now = "x >= TOP"\nwhy = "TOP is TOP"\n')
    root = house(STRONG, equivalent=listed)
    again = command(root, *several, number_of("x >= TOP"))
    assert counted(again.stdout) == (3, 2, 0, 0, 1), again
    assert again.returncode == 0
    assert " of 1 " in again.stdout, "what was killed is not tried again, what survived is"
    assert (root / "neuromorph/neurons/clip.py").read_text() == CODE


@pytest.mark.slow
def test_one_that_does_not_end_is_ended(house: Callable[..., Path]) -> None:
    root = house(STRONG, HANGS)
    one = f"neurons/clip.py:{_left_out(HANGS, 'x -= 1')}"
    done = command(root, one, "--seconds", "60")
    assert counted(done.stdout) == (1, 0, 1, 0, 0), done
    assert done.returncode == 0


def _left_out(code: str, statement: str) -> int:
    (n,) = [n for n, m in enumerate(mutants(code.encode())) if m[2:4] == (statement, "pass")]
    return n


def test_what_people_read_is_left_alone() -> None:
    told = {(m.was, m.now) for m in mutants(CODE.encode())}
    assert told == {("7", "8"), ("7", "6"), ("0", "1"), ("0", "-1"), ("x is None", "x is not None"),
                    ("raise ValueError(f'no number, of at least {low + 1}')", "pass"),
                    ("x > TOP", "x >= TOP"), ("max(x, low)", "min(x, low)")}


KINDS = {
    "a < b": ["a <= b"], "a == b": ["a != b"], "a in b": ["a not in b"], "a is b": ["a is not b"],
    "a + b": ["a - b"], "a - b": ["a + b"], "a * b": ["a // b"], "a // b": ["a * b"],
    "a % b": ["a // b"], "a << b": ["a << b + 1"], "a >> b": ["a >> b + 1"], "a & b": ["a | b"],
    "a and b": ["a or b"], "not a": ["a"], "-a": ["a"], "~a": ["a"], "3": ["2", "4"],
    "True": ["False"], "abs(a)": ["a"], "np.minimum(a, b)": ["np.maximum(a, b)"],
    "np.clip(a, b, c)": ["np.clip(a, b - 1, c)", "np.clip(a, b, c - 1)"],
    "a if b else c": ["c if b else a"], "any(a)": ["all(a)"], "a < b < c": ["a < b <= c",
                                                                           "a <= b < c"],
    "'a' + b": [], "f'{a + b}'": [], "warn(a + b)": [], "f(hint=a + b)": [],
}


@pytest.mark.parametrize("text", KINDS)
def test_each_kind_of_change(text: str) -> None:
    found = [m.now for m in mutants(f"def f():\n    x = {text}\n".encode())]
    assert sorted(found) == KINDS[text]


def test_statements_are_left_out_where_something_was_there_before() -> None:
    code = ("def f(a):\n    a = g(a)\n    b = g(a)\n    b[c] = a\n    b |= a\n    h(b)\n"
            "    yield b\n    return (a, b)\n")
    assert [(m.line, m.now) for m in mutants(code.encode())] == [
        (2, "pass"), (4, "pass"), (5, "pass"), (6, "pass"), (7, "pass"), (8, "return (b, a)")]


def test_a_change_is_of_one_node_and_of_no_other_line() -> None:
    """In text of more bytes than letters, over several lines, and beside what binds closer."""
    code = 'x = "é", 2 * (a +\n             b) ** 2\ny = 1\n'.encode()
    for mutant in mutants(code):
        now = applied(code, mutant)
        assert now != code
        assert ast.unparse(ast.parse(now)) != ast.unparse(ast.parse(code))
        assert now.splitlines()[-1].startswith(b"y = ")
        assert "é" in now.decode()
    texts = {applied(code, m).decode() for m in mutants(code)}
    assert 'x = "é", 2 * ((a - b)) ** 2\ny = 1\n' in {t.replace("((a - b)\n", "") for t in texts}


def test_the_nearest_tests_are_found_through_packages_and_helpers(tmp_path: Path) -> None:
    for name, text in {
        "neuromorph/neurons/__init__.py": "from neuromorph.neurons.gate import Gate",
        "neuromorph/neurons/gate.py": "", "neuromorph/neurons/slot.py": "",
        "neuromorph/far.py": "def f():\n    from neuromorph.neurons import Gate",
        "tests/core/small_gates.py": "from neuromorph.neurons import Gate as G",
        "tests/core/test_far.py": "import neuromorph.far",
        "tests/core/test_direct.py": "from neuromorph.neurons import Gate",
        "tests/core/test_gate.py": "from small_gates import some",
        "tests/core/test_gates.py": "from neuromorph.neurons import gate",
        "tests/core/test_slot.py": "from neuromorph.neurons import slot",
        "tests/hf/test_hf.py": "from neuromorph.neurons import gate",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = Tree(tmp_path).tests(tmp_path / "neuromorph/neurons/gate.py")
    assert [Path(name).stem for name in found] == ["test_gates", "test_gate", "test_direct",
                                                   "test_far"]
    found = Tree(tmp_path).tests(tmp_path / "neuromorph/neurons/gate.py", "direct + 1")
    assert Path(found[0]).stem == "test_direct"


def test_every_change_that_is_listed_as_none_is_one() -> None:
    """Of the file as it is now, and with a reason."""
    sys.path.insert(0, str(HERE))
    from run import ROOMS, equivalents

    listed = equivalents(HERE / "equivalent.toml")
    assert all(why and len(why) < 200 for why in listed.values())
    for file in {key[0] for key in listed}:
        assert file.startswith(tuple(ROOMS))
        there = {(file, m.where, m.was, m.now)
                 for m in mutants((ROOT / "neuromorph" / file).read_bytes())}
        assert {key for key in listed if key[0] == file} <= there


def test_a_name_that_is_none_is_told() -> None:
    for name in ("network", "neurons/none.py", "neurons/gate.py:x", "neurons/gate.py:99999"):
        done = command(ROOT, name)
        assert done.returncode == 2
        assert f": {name}; " in done.stdout
