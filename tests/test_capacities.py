"""No capacity of a chip stands in the code: it would be wrong for the next chip.

The compiler is where capacities are used, so there a number that is a capacity or a cost of any
shipped profile is refused, however it is written (``1024``, ``1 << 10``, ``8 * 128``), without
exceptions. Elsewhere such numbers mean other things; there a name that says it is a limit of a
core or chip may not be given a number.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from neuromorph.profiles import load_profile, profile_names

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "neuromorph"

SMALLEST = 60
"""Smaller whole numbers are counts of bits, columns and the like, and mean too many things."""

RESOURCES = {"core", "cores", "neuron", "neurons", "compartment", "compartments", "axon", "axons",
             "chip", "chips"}
LIMIT_WORDS = {"max", "most", "limit", "limits", "capacity", "per", "usable", "available"}
PER_MODEL = {"payload", "steps", "bits", "spikes", "shape", "key"}
"""Beside such a word the name speaks of something else: the bits of one axon's payload."""

EXACT: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Pow: operator.pow, ast.LShift: operator.lshift, ast.FloorDiv: operator.floordiv,
}
LARGEST = dict.fromkeys(EXACT, 2**64) | {ast.Pow: 64, ast.LShift: 64}


def capacities() -> set[float]:
    """Numbers of the shipped profiles that code has no business knowing."""
    values = {q.value for name in profile_names() for q in load_profile(name).quantities.values()
              if not isinstance(q.value, bool)}
    return {v for v in values if abs(v) >= SMALLEST or v != int(v)}


def value_of(node: ast.AST) -> int | float | None:
    """The number that an expression of literals is; None for anything else."""
    if isinstance(node, ast.Constant):
        number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return node.value if number else None
    if isinstance(node, ast.BinOp) and type(node.op) in EXACT:
        left, right = value_of(node.left), value_of(node.right)
        if isinstance(left, int) and isinstance(right, int) and 0 < right <= LARGEST[type(node.op)]:
            return EXACT[type(node.op)](left, right)
    return None


def literals(source: str, forbidden: set[float]) -> list[str]:
    """Numbers of the source that are in a set, as 'line: number'; exponents count bits."""
    nodes = list(ast.walk(ast.parse(source)))
    exponents = [node.right for node in nodes if isinstance(node, ast.BinOp)
                 and isinstance(node.op, ast.Pow | ast.LShift | ast.RShift)]
    found = ((node, value_of(node)) for node in nodes if node not in exponents)
    return [f"{node.lineno}: {value:g}" for node, value in found
            if value is not None and value in forbidden]


def limits_by_name(source: str) -> list[str]:
    """Names of limits that are given a number above one, as 'line: name'."""
    return [f"{line}: {name}" for line, name, value in named_values(ast.parse(source))
            if names_a_limit(name) and isinstance(number := value_of(value), int) and number > 1]


def named_values(tree: ast.AST) -> Iterator[tuple[int, str, ast.AST]]:
    """Assignments, defaults of arguments, and keyword arguments: line, name, value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from ((node.lineno, t.id, node.value) for t in node.targets
                        if isinstance(t, ast.Name))
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            yield node.lineno, node.target.id, node.value
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.value.lineno, node.arg, node.value
        elif isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            with_default = positional[len(positional) - len(node.defaults):]
            defaults = [*zip(with_default, node.defaults, strict=True),
                        *zip(node.kwonlyargs, node.kw_defaults, strict=True)]
            yield from ((d.lineno, a.arg, d) for a, d in defaults if d is not None)


def names_a_limit(name: str) -> bool:
    words = set(name.lower().split("_"))
    return bool(words & RESOURCES and words & LIMIT_WORDS and not words & PER_MODEL)


def files(folder: Path) -> list[Path]:
    links = {PACKAGE / "processes", PACKAGE / "hardware_profiles"}
    return [p for p in sorted(folder.rglob("*.py")) if not links.intersection(p.parents)]


def test_the_compiler_knows_no_capacity() -> None:
    forbidden = capacities()
    found = {str(p.relative_to(ROOT)): seen for p in files(PACKAGE / "compile")
             if (seen := literals(p.read_text("utf-8"), forbidden))}
    assert found == {}


def test_nothing_in_the_package_names_a_limit_and_gives_it_a_number() -> None:
    found = {str(p.relative_to(ROOT)): seen for p in [*files(PACKAGE), *files(ROOT / "processes")]
             if (seen := limits_by_name(p.read_text("utf-8")))}
    assert found == {}


@pytest.mark.parametrize("source", [
    "neurons = 1024", "x = 1 << 10", "x = 2**10", "f(8 * 128)", "def f(n=4096): ...",
    "x = 128 * 1024 * 8", "cores = 120", "e = 23.6 * events", "x = [8192]", "x = 140_544 // 122",
    "mw = 104.4", "x = 120 * 8",
])
def test_a_capacity_is_found(source: str) -> None:
    assert literals(source, capacities())


@pytest.mark.parametrize("source", [
    "x = 0", "x = n - 1", "x = 8 * n", "x = 2**n", "x = 1e-12", "x = 0.5", "x = 100", "x = True",
    "x = 2**62", "x = n >> 64",
    "x = '1024'",
])
def test_other_numbers_are_free(source: str) -> None:
    assert literals(source, capacities()) == []


@pytest.mark.parametrize("source", [
    "NEURONS_PER_CORE = 1000", "MAX_AXONS: int = 5000", "def f(*, cores_per_chip=100): ...",
    "def f(a, max_neurons=999): ...", "f(usable_cores=1 << 7)",
])
def test_a_named_limit_is_found(source: str) -> None:
    assert limits_by_name(source)


def test_a_limit_from_a_profile_is_no_literal() -> None:
    assert limits_by_name("max_neurons = profile.core.neurons") == []
    assert limits_by_name("payload_bits_per_axon = 24") == []
