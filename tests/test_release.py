"""What is said of a release in several places is the same: version, licence, dependencies, pins."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neuromorph._version import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


# --- CITATION.cff


class Strict(BaseModel):
    """Of the Citation File Format 1.2.0 what is used here; any other key is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Person(Strict):
    family_names: str = Field(alias="family-names", min_length=1)
    given_names: str = Field(alias="given-names", min_length=1)


class Entity(Strict):
    name: str = Field(min_length=1)


class Reference(Strict):
    type: Literal["article", "conference-paper", "book", "software"]
    title: str = Field(min_length=1)
    authors: list[Person | Entity] = Field(min_length=1)
    journal: str | None = None
    volume: int | None = None
    issue: int | None = None
    year: int = Field(ge=1900, le=2100)
    doi: str = Field(pattern=r"^10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+$")


class Citation(Strict):
    cff_version: Literal["1.2.0"] = Field(alias="cff-version")
    message: str = Field(min_length=1)
    type: Literal["software"]
    title: Literal["neuromorph"]
    version: str
    license: str
    authors: list[Person | Entity] = Field(min_length=1)
    abstract: str = Field(min_length=1)
    keywords: list[str] = Field(min_length=1)
    references: list[Reference] = Field(min_length=1)


def citation() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    return found


def test_the_citation_is_valid_and_says_what_the_project_says() -> None:
    found = Citation.model_validate(citation())
    assert found.version == __version__
    assert found.license == PROJECT["license"]
    assert [author.name for author in found.authors if isinstance(author, Entity)] == [
        "The neuromorph authors"]
    assert len({reference.doi for reference in found.references}) == len(found.references)


@pytest.mark.parametrize("change", [
    {"cff-version": "1.3.0"}, {"authors": []}, {"licence": "Apache-2.0"}, {"version": 0.2},
    {"references": [{"type": "article", "title": "x", "authors": [{"name": "y"}], "year": 2020,
                     "doi": "doi.org/10.1/x"}]}])
def test_a_mistake_in_a_citation_is_found(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Citation.model_validate({**citation(), **change})


# --- the version


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    [first, *_] = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert first in (__version__, "Unreleased")
    assert f"## [{__version__}] - " in text


# --- the recipe for conda


def recipe() -> dict[str, Any]:
    """The recipe, with its one variable filled in."""
    text = (ROOT / "release" / "conda" / "meta.yaml").read_text("utf-8")
    said = dict(re.findall(r'\{% set (\w+) = "(.+?)" %\}\n', text))
    plain = re.sub(r"\{% set .+ %\}\n", "", text)
    filled = re.sub(r"\{\{ (\w+) \}\}", lambda found: said.get(found[1], found[1]), plain)
    found: dict[str, Any] = yaml.safe_load(filled)
    return found


def wanted(lines: list[str]) -> dict[str, set[str]]:
    """Bounds by name; of markers nothing is kept, for the recipe is for every Python."""
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): set(map(str, r.specifier)) for r in requirements}


def test_the_recipe_asks_for_what_pyproject_asks_for() -> None:
    python = f"python {PROJECT['requires-python']}"
    assert wanted(recipe()["requirements"]["run"]) == wanted([python, *PROJECT["dependencies"]])


def test_the_recipe_is_of_this_release() -> None:
    found = recipe()
    assert found["package"] == {"name": PROJECT["name"], "version": __version__}
    assert found["about"]["license"] == PROJECT["license"]
    assert found["about"]["summary"] == PROJECT["description"]
    assert (ROOT / "release" / "conda" / found["source"]["path"]).resolve() == ROOT
    entries = [f"{name} = {place}" for name, place in PROJECT["scripts"].items()]
    assert found["build"]["entry_points"] == entries


# --- the container


def instructions() -> list[tuple[str, str]]:
    """Instructions of the Dockerfile: word and rest, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.partition(" ")[0], " ".join(line.partition(" ")[2].split())) for line in lines]


def of(word: str) -> list[str]:
    return [rest for first, rest in instructions() if first == word]


def test_every_source_of_the_container_is_there_and_let_in() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
              if line.startswith("!")}
    sources = [source for line in of("COPY") if not line.startswith("--from")
               for source in line.split()[:-1]]
    assert "neuromorph" in sources
    assert {source for source in sources if not (ROOT / source).exists()} == set()
    assert set(sources) == let_in


def test_the_container_installs_as_the_makefile_does() -> None:
    """pip's own options are the Makefile's, versions those of base.txt, nothing is unpinned."""
    options = shlex.split(re.search(r"^INSTALL := .*?-m pip install (.*)$",
                                    (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)[1])
    commands = [shlex.split(part) for line in of("RUN") for part in line.split("&&")]
    lines = [command[4:] for command in commands if command[:3] == ["python", "-m", "pip"]]
    assert len(lines) == 2 + 1
    assert all(line[:len(options)] == options for line in lines)
    installs = [c for c in commands if c[:4] == ["python", "-m", "pip", "install"]]
    assert all(c[c.index("--constraint") + 1].endswith("base.txt") for c in installs)
    pinned = {canonicalize_name(Requirement(line).name)
              for line in (ROOT / "requirements" / "base.txt").read_text("utf-8").splitlines()
              if line and not line.startswith("#")}
    named = {c[-1] for c in installs}
    assert named == {"setuptools", "matplotlib"}
    assert named <= pinned


def test_the_container_runs_the_demo_as_nobody_of_note() -> None:
    """The same command as `make demo`, not as root, on a Python that the project takes."""
    demo = re.search(r"\$\(BIN\)/(neuromorph demo .*)$", (ROOT / "Makefile").read_text("utf-8"),
                     re.MULTILINE)[1]
    [entry], [command] = of("ENTRYPOINT"), of("CMD")
    assert [*yaml.safe_load(entry), *yaml.safe_load(command)] == shlex.split(demo)
    words = [word for word, _ in instructions()]
    assert of("USER") == ["person"]
    assert words.index("USER") > max(n for n, word in enumerate(words) if word == "RUN")
    versions = {re.match(r"python:(3\.\d+)-slim", line)[1] for line in of("FROM")}
    assert all(Requirement(f"x{PROJECT['requires-python']}").specifier.contains(version)
               for version in versions)
