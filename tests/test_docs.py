"""Pages that repeat the code say what the code says."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from neuromorph import runtime
from neuromorph.deploy import values
from neuromorph.errors import NetworkError
from neuromorph.translate import cautions, outliers

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def words(text: str) -> list[str]:
    """Words without the frames, which depend on the version of the terminal library."""
    return re.findall(r"[\w./'-]+", text)


def test_the_page_of_backends_is_current(generate):
    assert (ROOT / "docs" / "backends.md").read_text("utf-8") == generate.backends_page()


def test_the_page_of_errors_is_current(generate):
    assert (ROOT / "docs" / "errors.md").read_text("utf-8") == generate.errors_page()


def test_the_page_of_profiles_is_current(generate):
    assert (ROOT / "docs" / "profiles.md").read_text("utf-8") == generate.profiles_page()


def test_the_page_of_papers_is_current(generate):
    assert (ROOT / "docs" / "papers.md").read_text("utf-8") == generate.papers_page()


def test_the_page_of_commands_is_current(generate):
    written = words((ROOT / "docs" / "cli.md").read_text("utf-8"))
    assert sorted(set(written)) == sorted(set(words(generate.cli_page())))


def test_every_link_of_the_readme_leads_somewhere():
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize(("page", "heading"), [
    ("circuit.md", "Ports of a circuit"), ("circuit.md", "Networks compose"),
    ("circuit.md", "A transformer block"), ("circuit.md", "A whole transformer"),
    ("plasticity.md", "Ports of a circuit"), ("plasticity.md", "Prototypes"),
    ("architecture.md", "The life of a composed network"), ("compile.md", "A network of your own"),
    ("many.md", "Work of your own"), ("look.md", "A bundle")])
def test_the_example_of_networks_runs(page, heading, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / page).read_text("utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    example = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    exec(compile(example[1], page, "exec"), {})


def kinds_of_cautions() -> set[str]:
    """The first argument of every `Caution` that is made anywhere in the package."""
    found = set()
    for path in sorted((ROOT / "neuromorph").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        named = {node.targets[0].id: node.value.value for node in tree.body
                 if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                 and isinstance(node.value, ast.Constant)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Caution":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(first.value)
                elif isinstance(first, ast.Name):
                    found.add(named[first.id])
    return found


def test_every_warning_is_on_its_page():
    page = (ROOT / "docs" / "warnings.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert len(set(listed)) == len(listed)
    assert set(listed) == kinds_of_cautions()


def test_the_page_of_warnings_has_the_thresholds():
    page = " ".join((ROOT / "docs" / "warnings.md").read_text("utf-8").split())
    for text in (f"fewer than {cautions.FEW_TOKENS} tokens", f"{outliers.FAR:g} times as far out",
                 f"more than {100 * cautions.UNKNOWN:g} %",
                 f"fewer than {cautions.FEW_KINDS} different",
                 f"more than {cautions.LONG_PERIOD_NATS:g} nats",
                 f"below {cautions.LOW_COSINE:g}".replace("0.", "."),
                 f"over heads below {cautions.LOW_MEAN:g}".replace("0.", "."),
                 f"more than {runtime.FORCED:g} forced".replace("0.", "."),
                 f"over {runtime.JUDGED} queries", f"more than {100 * runtime.CLIPPED:g} %",
                 f"more than {values.FAR} slots"):
        assert text in page, text
    assert cautions.SHORT == 2
    assert outliers.LEAST == 3


def test_what_is_said_of_a_composed_network_that_does_not_fit():
    """Both errors that the page quotes, by the example itself with one number changed."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    example = page.split("```python\n")[1].split("```")[0]
    for old, new in (("limit=300", "limit=1000"),
                     ('name="tutorial")', 'name="tutorial", at={"encoder": 1})')):
        assert example.count(old) == 1
        with pytest.raises(NetworkError) as caught:
            exec(compile(example.replace(old, new), "architecture.md", "exec"), {})
        error = caught.value
        quoted = f"{error.where}: {error.what}; found {error.found}"
        assert quoted in page, quoted
