"""What an object shows of itself stays short, and nothing in it is taken for markup."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuromorph
from neuromorph.backends import get
from neuromorph.circuits.latency_attention import PROBES, build, stimulate
from neuromorph.models.digits import WEIGHTS, load_split
from neuromorph.profiles import load_profile
from neuromorph.shown import Shown, brief

PACKAGE = Path(neuromorph.__file__).parent
LONGEST = 2000
MANY = re.compile(r"NDArray|Array\b|Mapping|dict\[|tuple\[.*\.\.\.|list\[|Sequence|\bAny\b|Tensor|"
                  r"bytes|Inputs|Usage|\bobject\b")


# --- every class that may hold much


def dataclasses_of(source: str) -> Iterator[ast.ClassDef]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and any(
                "dataclass" in ast.unparse(d) for d in node.decorator_list):
            yield node


def holds(node: ast.ClassDef) -> str:
    """The types of its fields."""
    return "\n".join(ast.unparse(type_of(s.annotation)) for s in node.body
                     if isinstance(s, ast.AnnAssign)
                     and "ClassVar" not in ast.unparse(s.annotation))


def type_of(annotation: ast.expr) -> ast.expr:
    """The annotation, without what `Annotated` says beside the type."""
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Annotated":
        assert isinstance(annotation.slice, ast.Tuple)
        return annotation.slice.elts[0]
    return annotation


def is_shown(node: ast.ClassDef) -> bool:
    return bool({"Shown", "Made"} & set(map(ast.unparse, node.bases))) and any(
        "repr=False" in ast.unparse(d) for d in node.decorator_list)


def unshown(source: str, shown: frozenset[str] = frozenset()) -> list[str]:
    return [node.name for node in dataclasses_of(source) if not is_shown(node)
            and (MANY.search(holds(node)) or shown & set(re.findall(r"\w+", holds(node))))]


def sources() -> list[str]:
    return [p.read_text("utf-8") for p in sorted(PACKAGE.rglob("*.py"))
            if not {"processes", "hardware_profiles"} & set(p.relative_to(PACKAGE).parts)]


def test_every_dataclass_that_may_hold_much_is_shown_shortly() -> None:
    shown = frozenset(node.name for source in sources() for node in dataclasses_of(source)
                      if is_shown(node))
    assert len(shown) > 50
    assert [name for source in sources() for name in unshown(source, shown)] == []


@pytest.mark.parametrize("line", [
    "x: NDArray[Any]", "x: tuple[int, ...]", "x: Big | None", "x: Annotated[Big, Meaning('one')]"])
def test_a_class_that_is_not_is_found(line: str) -> None:
    assert unshown(f"@dataclass\nclass A:\n    {line}", frozenset({"Big"})) == ["A"]


# --- real objects, and all that they are made of


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    exported = neuromorph.export(WEIGHTS, tmp_path_factory.mktemp("shown") / "bundle")
    bundle = exported.bundle
    head = replace(bundle.codes["blocks.0.attention"].heads[0], slots=3)
    codes = np.ones((3, head.key_size), int)
    inputs, steps = stimulate(head, codes[:1], np.ones((1, 3), bool))
    recording = get("fast").run(build(head, codes, codes), inputs, PROBES, steps)
    compiled = neuromorph.compile_bundle(bundle, "kapoho_point", programmable=True)
    return [exported, neuromorph.simulate(bundle), recording, load_profile("loihi2"), compiled,
            compiled.lab and compiled.lab(),
            neuromorph.run("match_and_control", settings={"window": 0.5}), load_split()]


def within(thing: object, seen: dict[int, Any]) -> dict[int, Any]:
    """All objects of ours that can be reached."""
    if id(thing) in seen or isinstance(thing, str | bytes | np.ndarray):
        return seen
    if is_dataclass(thing):
        seen[id(thing)] = thing
    inner = thing.values() if isinstance(thing, Mapping) else \
        thing if isinstance(thing, list | tuple) else vars(thing).values() \
        if is_dataclass(thing) else ()
    for part in list(inner):
        within(part, seen)
    return seen


def test_no_text_of_a_real_object_is_long(objects: list[Any]) -> None:
    seen: dict[int, Any] = {}
    for thing in objects:
        within(thing, seen)
    kinds = {type(thing).__name__ for thing in seen.values()}
    assert kinds >= {"Bundle", "LayerCode", "Network", "Compiled", "Program", "Unit", "Lab",
                     "Recording", "Outcome", "Sample", "Profile", "HeadFidelity"}
    long = {type(t).__name__: len(repr(t)) for t in seen.values() if len(repr(t)) > LONGEST}
    assert long == {}
    for thing in objects:
        assert "\n" not in repr(thing)
        assert len(repr(thing)) < 500
        assert repr(thing).startswith(f"{type(thing).__name__}(")


class Page(HTMLParser):
    """Which elements a text has, and which are still open at its end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.kinds: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.kinds.add(tag)
        self.open += [] if tag == "br" else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_is_well_formed_and_says_the_numbers(objects: list[Any]) -> None:
    for thing in objects:
        page = Page(thing._repr_html_())
        assert page.open == []
        assert page.kinds >= {"table", "tr", "th", "td"}
        assert len(thing._repr_html_()) < 20_000
    text = objects[1]._repr_html_()
    assert f">{objects[1].tally.spikes:,}, " in text
    assert "blocks.0.attention" in text


@dataclass(repr=False)
class Holder(Shown):
    """Anything."""

    value: object
    _hidden: int = 1
    rest: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize("value", [
    "<script>x</script>\x1b[31m\n", {"<b>": "<i>\x1b"}, [{"<b>\x1b": "<i>"}],
    Path("<script>\x1b\n"),
])
def test_what_comes_from_files_is_escaped(value: object) -> None:
    holder = Holder(value, rest={"a": value})
    assert Page(holder._repr_html_()).kinds <= {"table", "caption", "tr", "th", "td", "br"}
    for text in (repr(holder), holder._repr_html_()):
        assert text.isprintable()
        assert "hidden" not in text


def test_values_are_cut_or_counted() -> None:
    assert brief("x" * 1000).startswith("'xxx")
    assert len(brief("x" * 1000)) == 60
    assert brief(b"xy") == "2 bytes"
    assert brief((1, "a", None)) == "(1, 'a', None)"
    assert brief(list(range(9))) == "<9 × int>"
    assert brief({1: 2}) == "<1 entry>"
    assert brief(np.zeros((2, 3), np.int8)) == "int8[2, 3]"
    assert brief(Holder(1)) == "Holder(…)"
    assert brief(Page("")) == "Page"


def test_a_line_ends_where_it_would_be_long() -> None:
    @dataclass(repr=False)
    class Wide(Shown):
        def as_dict(self) -> dict[str, Any]:
            return {f"field_{i}": i for i in range(1000)}

    assert repr(Wide()).startswith("Wide(field_0=0, field_1=1, ")
    assert repr(Wide()).endswith(", …)")
    assert len(repr(Wide())) < 500


def test_an_object_that_cannot_sum_itself_up_shows_its_fields() -> None:
    @dataclass(repr=False)
    class Empty(Shown):
        layers: int = 0

        def as_dict(self) -> dict[str, Any]:
            return {"mean": 1 / self.layers}

    assert repr(Empty()) == "Empty(layers=0)"
    assert repr(Empty(2)) == "Empty(mean=0.5)"


def test_more_rows_than_fit_are_counted() -> None:
    text = Holder([{"n": i} for i in range(30)])._repr_html_()
    assert ">11</td>" in text
    assert ">12</td>" not in text
    assert "and 18 more" in text
