"""Pages that repeat the code say what the code says."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from neuromorph import runtime
from neuromorph.deploy import values
from neuromorph.errors import NetworkError
from neuromorph.translate import cautions, outliers

ROOT = Path(__file__).parent.parent


def from_docs(name):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


blocks, check = from_docs("blocks"), from_docs("check")


@pytest.fixture(scope="module")
def generate():
    return from_docs("generate")


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


def with_python() -> list[str]:
    """Pages whose Python runs here; `tests/hf/test_hf_pages.py` has those that need torch."""
    return [page.relative_to(ROOT).as_posix() for page in blocks.pages()
            if page.relative_to(ROOT).as_posix() not in blocks.NEED_TORCH
            and any(block.kind == "python" for block in blocks.blocks(page))]


@pytest.mark.parametrize("page", with_python())
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert blocks.run(ROOT / page)


@pytest.mark.parametrize("page", [page.relative_to(ROOT).as_posix() for page in blocks.pages()])
def test_the_command_line_understands_the_commands_of_a_page(page):
    wrong = {line: blocks.misunderstood(line) for line in blocks.commands(ROOT / page)}
    assert not {line: why for line, why in wrong.items() if why}


def test_a_command_that_does_not_exist_is_found():
    assert "no command" in blocks.misunderstood("exprot model")
    assert "--calibarte" in blocks.misunderstood("export model --calibarte text")
    assert not blocks.misunderstood("export model -o bundle --calibrate text")


def test_the_check_of_the_site_finds_what_is_wrong(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">x</a><a href="b.html#gone">x</a><a href="c.html">x</a>'
        '<img src="b.html"><img src="b.html" alt="two words"><img src="b.html" '
        'alt="a b/c.png"><script src="https://elsewhere/x.js">'
        '</script><a href="https://elsewhere/">x</a><a href="../outside.html">x</a>', "utf-8")
    (tmp_path.parent / "outside.html").write_text("<p>x</p>", "utf-8")
    (tmp_path / "b.html").write_text('<p id="here">x</p>', "utf-8")
    assert sorted(check.faults(tmp_path)) == [
        "a.html: a picture without words: b.html", "a.html: a picture without words: b.html",
        "a.html: fetched from elsewhere: https://elsewhere/x.js",
        "a.html: leads nowhere: c.html", "a.html: leads out of the site: ../outside.html",
        "a.html: no such place on the page: b.html#gone"]
    assert list(check.faults(tmp_path / "nothing")) == [f"{tmp_path / 'nothing'}: no page there"]


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
                 f"more than {100 * runtime.FLAT:g} % of a layer's queries",
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
