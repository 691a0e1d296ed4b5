"""The reference is what the code says, and leaves nothing out."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import neuromorph
from neuromorph.api import circuits
from neuromorph.learning import RULES
from neuromorph.neurons import models

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ELSEWHERE = ("backends.md", "cli.md", "errors.md", "papers.md", "profiles.md")
"""Written pages that `test_docs.py` looks at."""


def from_docs(name):
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


generate = from_docs("generate")
PAGES = [name for name in generate.PAGES if name not in ELSEWHERE]


@pytest.mark.parametrize("name", PAGES)
def test_a_written_page_is_current(name):
    written = (DOCS / name).read_text("utf-8") if (DOCS / name).exists() else None
    assert written == generate.PAGES[name](), "run python docs/generate.py"


def test_no_page_is_left_over():
    assert not generate.left_over()


def test_a_page_of_nothing_is_found_and_removed(tmp_path, monkeypatch):
    lost = tmp_path / generate.WHOLE[0] / "gone.md"
    lost.parent.mkdir(parents=True)
    lost.write_text("# Gone\n")
    monkeypatch.setattr(generate, "HERE", tmp_path)
    monkeypatch.setattr(generate, "PAGES", {"reference/api/kept.md": lambda: "# Kept\n"})
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.left_over() == [lost]
    assert generate.main() == 0
    assert [path.name for path in lost.parent.iterdir()] == ["kept.md"]


def test_all_that_the_package_exports_is_documented_once():
    documented = list(generate.api.documented())
    assert len(set(documented)) == len(documented)
    public = {f"neuromorph.{name}" for name in neuromorph.__all__ if name != "__version__"}
    assert public <= set(documented)
    for name in documented:
        assert generate.api.resolved(name).__doc__, name


def test_every_model_circuit_and_rule_has_its_place():
    assert {f"reference/neurons/{name}.md" for name in models()} <= set(generate.PAGES)
    assert {f"reference/circuits/{name}.md" for name in circuits.names()} <= set(generate.PAGES)
    rules = (DOCS / "reference" / "rules.md").read_text("utf-8")
    assert set(re.findall(r"^## (\w+)$", rules, re.MULTILINE)) == set(RULES)


@pytest.mark.parametrize("name", ["projector", "homeostat"])
def test_numbers_that_a_page_names_are_those_of_a_run(name):
    named = set(generate.circuits.numbers_of(name))
    assert len(named) > 3
    assert named <= set(neuromorph.run(name).outcome.numbers)


def test_a_model_that_only_integers_have_runs_nowhere_in_floats():
    page = generate.neurons.neuron_page("LatencyMatch")
    assert "| `nengo` | no: it computes in floats only |" in page
    assert "| `reference` | yes |" in page


def test_a_bar_in_a_docstring_is_escaped_where_it_is_text():
    docstrings = from_docs("docstrings")
    given = ["round(x / |x|) of ``a|b``::", "", "    |x| stays", "", "and |y| again"]
    assert list(docstrings.with_bars(given)) == [
        r"round(x / \|x\|) of ``a|b``::", "", "    |x| stays", "", r"and \|y\| again"]


def terms() -> list[str]:
    text = (DOCS / "reference" / "glossary.md").read_text("utf-8")
    inside = text.partition("```{glossary}\n")[2].partition("```")[0]
    return re.findall(r"^(\S.*)$", inside, re.MULTILINE)


def test_terms_are_in_order_each_once():
    found = [term.lower().strip("`") for term in terms()]
    assert found == sorted(set(found))


def test_every_term_that_a_page_uses_is_explained():
    known = {term.lower() for term in terms()}
    used = set()
    for page in DOCS.rglob("*.md"):
        for name in re.findall(r"\{term\}`([^`]+)`", page.read_text("utf-8")):
            used.add((re.search(r"<(.+)>", name) or re.match("(.*)", name))[1].lower())
    assert len(used) > 8
    assert used <= known


# --- files: what real ones hold stands on the page


FILES = (DOCS / "reference" / "files.md").read_text("utf-8")


def section(title: str) -> str:
    return FILES.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def codes_in(text: str) -> set[str]:
    """What stands in code letters; `.shift` after `a.b.multiplier` is `a.b.shift`."""
    found, last = set(), ""
    for name in re.findall(r"`([^`\n]+)`", text):
        whole = f"{last.rpartition('.')[0]}{name}" if name.startswith(".") else name
        last = whole if "." in whole else last
        found.add(whole)
    return found


def general(name: str) -> str:
    """The name of an array as the page has it."""
    name = re.sub(r"^\d+\.", "N.", re.sub(r"^blocks\.\d+\.", "blocks.N.", name))
    name = re.sub(r"N\.(query|key|value)_(code|norm)\.", r"N.ROLE_\2.", name)
    name = re.sub(r"N\.(query|key|value|output|gate|down|up)\.", "N.LAYER.", name)
    return name.replace("blocks.N.mlp.", "blocks.N.attention.")


def on_the_page(folder: Path, title: str) -> None:
    named = codes_in(section(title))
    assert {path.name for path in folder.iterdir()} <= named
    for file in folder.glob("*.safetensors"):
        assert {general(name) for name in load_file(file)} <= named, file.name


def fields_of(document: object) -> set[str]:
    """Names of fields, of tables that have the reader's own names and not a model's."""
    if isinstance(document, list):
        return set().union(*map(fields_of, document)) if document else set()
    if not isinstance(document, dict):
        return set()
    inner = [value for name, value in document.items()
             if name not in ("options", "provenance", "parameters", "rule", "late", "letters")]
    return set(document).union(*map(fields_of, inner)) if document else set()


@pytest.fixture(scope="module")
def core():
    """Modules that the tests of the core share."""
    sys.path.insert(0, str(ROOT / "tests" / "core"))
    yield
    sys.path.remove(str(ROOT / "tests" / "core"))


def read_toml(path: Path) -> object:
    from neuromorph.bundle.manifest import tomllib

    return tomllib.loads(path.read_text("utf-8"))


def test_a_bundle_of_attention_holds_what_the_page_says(tmp_path):
    from neuromorph.bundle import Bundle, save_bundle
    from neuromorph.translate import Sample, TranslateOptions
    from neuromorph.translate.calibrate import calibrate_layer

    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, 2, 12, 4))
    sample = Sample(q, k, v, np.ones((12, 12), bool), rng.normal(size=(2, 12, 12)))
    code = calibrate_layer([sample], TranslateOptions(spikes="binary", slots=12))
    folder = save_bundle(Bundle("bert", False, {"layer": code}, {"layer": sample}), tmp_path / "b")
    on_the_page(folder, "Bundle of attention")
    assert fields_of(read_toml(folder / "manifest.toml")) <= codes_in(
        section("Bundle of attention"))


def test_a_bundle_of_a_whole_model_holds_what_the_page_says(tmp_path, core):
    from small_whole import small_whole

    from neuromorph.bundle.whole import save_whole

    folder = save_whole(small_whole(slots=4, tokens=8), tmp_path / "b")
    on_the_page(folder, "Bundle of a whole model")
    named = codes_in(section("Bundle of a whole model"))
    assert fields_of(json.loads((folder / "numbers.json").read_text("utf-8"))) <= named
    manifest = read_toml(folder / "manifest.toml")
    assert set(manifest) <= named


def test_a_bundle_of_memories_holds_what_the_page_says(tmp_path, core):
    from small_memories import memories_bundle

    from neuromorph.bundle.memories import save_memories

    folder = save_memories(memories_bundle(size=3, tokens=4), tmp_path / "b")
    on_the_page(folder, "Bundle of memories")
    assert set(read_toml(folder / "manifest.toml")) <= codes_in(section("Bundle of memories"))


def test_a_labs_folder_holds_what_the_page_says(tmp_path, core):
    from small_labs import lab

    folder = lab(tmp_path, refusal=lambda _: None)
    assert {path.name for path in folder.iterdir()} <= codes_in(section("Folder for a lab"))
    program = json.loads((folder / "program.json").read_text("utf-8"))
    assert fields_of(program) <= codes_in(section("Program"))
    kinds = {name.partition(".")[0] for name in np.load(folder / "expected.npz").files}
    told = {name.partition(".")[0] for name in codes_in(section("Folder for a lab"))}
    assert kinds <= told


def test_a_journal_holds_what_the_page_says():
    from neuromorph.parallel import journal
    from neuromorph.parallel.work import Work

    header = journal.header_of(Work("w", _nothing, (1, 2), known_by={"input": "x"}))
    assert set(header) <= codes_in(section("Journal of a run that may be resumed"))


def _nothing(_):
    """No work."""
