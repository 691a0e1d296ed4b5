"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the repository.

`recipes/` has an example for each: the files that its steps write, in a tree as the repository's.
What a step changes in a file that is there stands in `RECIPES`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = Path(__file__).parent / "recipes"
COPIED = ("neuromorph", "processes", "hardware_profiles", "tests", "docs", "examples",
          "benchmarks", "CONTRIBUTING.md", "README.md", "conftest.py", "pyproject.toml")
HOUSE = "floor or flow_one_way or heavy_imports or no_forbidden or files_are_short or is_light"

ALONE = "neuromorph/compile/check/models.py"
"""The checker's table of neuron models."""

REFUSED = ("floats", "floats that learn")
LEARNS = ("Hebb", "tags in long epochs", "inhibitory synapses", "third factors",
          "payloads overwrite a trace", "an astrocyte")


@dataclass(frozen=True)
class Recipe:
    """A section of CONTRIBUTING.md and its example.

    Attributes
    ----------
    title, name : str
        Of the section, and of what is added.
    edits : mapping of str to tuple of (str, str)
        By file: before what, which occurs once, a text is put.
    """

    title: str
    name: str
    edits: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


CANNOT = "".join([f'    ("mirror", "{run}"): "it runs integers only; floats run on",\n'
                  for run in REFUSED]
                 + [f'    ("mirror", "{run}"): "a mirror does not learn",\n' for run in LEARNS])
ROW = '''    "Doubled": Row(("times",), lambda _: {"times": (1, 100)}, words=0,
                   payload_bits=lambda _: limits.PAYLOAD_BITS),
'''
RULE = '''def anti_hebb(*, rate: float = 2**-4, domain: Domain = "fixed") -> LearningRule:
    """dw = - rate x y: what fires together parts."""
    return with_presynaptic_trace(LearningRule(dw=product(-rate, "y0*x1", domain)), 16, 10)


'''
RULE_TEST = '''def test_anti_hebb_is_its_equation() -> None:
    synapses = Synapses(RULES["anti_hebb"](domain="float"), [[8.0]], "float")
    synapses.see([1], [0])
    assert synapses.see([0], [1])[0, 0] < 8


'''

MODEL = "from neuromorph.neurons.doubled import Doubled\n"
MAKER = '''def a_doubled(rng: np.random.Generator) -> Doubled:
    return Doubled(times=int(rng.integers(1, 101)))


'''

RECIPES = {
    "backend": Recipe("Add a backend", "mirror", {
        "tests/core/test_conformance.py": (('    **{("nengo", run): ', CANNOT),)}),
    "circuit": Recipe("Add a circuit", "echo", {
        "neuromorph/api/circuits/__init__.py": (('    "match_and_control",\n', '    "echo",\n'),)}),
    "neuron_model": Recipe("Add a neuron model", "doubled", {
        ALONE: (('    "Relay": Row(', ROW),),
        "tests/core/small_programs.py": (
            ("from neuromorph.neurons.product", MODEL), ("MAKERS = {", MAKER),
            ('"Product": a_product', '"Doubled": a_doubled, '))}),
    "hardware_profile": Recipe("Add a hardware profile", "desk_point", {
        "tests/core/test_profiles.py": (('"cpu": 1}', '"desk_point": 240, '),)}),
    "learning_rule": Recipe("Add a learning rule", "anti_hebb", {
        "neuromorph/learning/named.py": (("RULES: dict", RULE), ("hebb, decay, delta, ",
                                                                 "anti_hebb, ")),
        "tests/core/test_named_rules.py": (('@pytest.mark.parametrize("name", RULES)',
                                            RULE_TEST),)}),
}


def steps_of(recipe: Recipe) -> list[str]:
    """What each step of the section begins with: a file or a command, of what is added."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.partition(f"\n## {recipe.title}\n")[2].partition("\n## ")[0]
    steps = re.findall(r"^\d+\. (.*)$", section, re.MULTILINE)
    begun = [re.match(r"`([^`]+)`", step) for step in steps]
    assert begun, f"CONTRIBUTING.md has no section '{recipe.title}' with numbered steps"
    assert all(begun), f"a step of '{recipe.title}' begins with no file and no command"
    return [re.sub(r"\byours\b|(?<=test_)yours", recipe.name, found[1]) for found in begun if found]


def example(kind: str) -> dict[str, Path]:
    """The files that are new, by their place in the repository."""
    home = EXAMPLES / kind
    return {path.relative_to(home).as_posix(): path for path in sorted(home.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts}


def write(kind: str, place: str, copy: Path) -> None:
    """Do a step that begins with a file."""
    target, new = copy / place, example(kind)
    if place in new:
        assert not target.exists()
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(new[place], target)
        return
    for before, text in RECIPES[kind].edits[place]:
        found = target.read_text("utf-8")
        assert found.count(before) == 1, f"{place} has not exactly one {before!r}"
        target.write_text(found.replace(before, text + before), "utf-8")


def run(command: str, copy: Path) -> None:
    """Do a step that begins with a command, with the copy's code and this interpreter."""
    program, *arguments = shlex.split(command)
    start = {"python": [], "pytest": ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
             "neuromorph": ["-m", "neuromorph"]}[program]
    done = subprocess.run([sys.executable, *start, *arguments], cwd=copy, capture_output=True,
                          text=True, env={**os.environ, "PYTHONPATH": str(copy)})
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What of the repository the recipes need, with what was compiled."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, symlinks=True,
                            ignore=shutil.ignore_patterns("*.pyc"))
        else:
            shutil.copy2(source, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("kind", RECIPES)
def test_a_recipe_names_every_file_that_it_takes(kind: str) -> None:
    files = [step for step in steps_of(RECIPES[kind]) if " " not in step]
    assert sorted(files) == sorted([*example(kind), *RECIPES[kind].edits])


@pytest.mark.parametrize("kind", [
    pytest.param(kind, marks=pytest.mark.slow if kind == "neuron_model" else ())  # compiles
    for kind in RECIPES])
def test_a_recipe_works(kind: str, copy: Path) -> None:
    for step in steps_of(RECIPES[kind]):
        if " " in step:
            run(step, copy)
        else:
            write(kind, step, copy)
    run(f'pytest tests/test_house.py -k "{HOUSE}"', copy)


def test_a_recipe_that_forgets_a_file_fails(copy: Path) -> None:
    """Without its row the suite takes the mirror for a backend that learns."""
    for step in steps_of(RECIPES["backend"]):
        if " " not in step and not step.startswith("tests/"):
            write("backend", step, copy)
    with pytest.raises(AssertionError, match="a mirror does not learn"):
        run("pytest tests/core/test_conformance.py -k mirror", copy)
