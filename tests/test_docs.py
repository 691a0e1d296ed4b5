"""Pages that repeat the code say what the code says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

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


def test_the_page_of_errors_is_current(generate):
    assert (ROOT / "docs" / "errors.md").read_text("utf-8") == generate.errors_page()


def test_the_page_of_profiles_is_current(generate):
    assert (ROOT / "docs" / "profiles.md").read_text("utf-8") == generate.profiles_page()


def test_the_page_of_commands_is_current(generate):
    written = words((ROOT / "docs" / "cli.md").read_text("utf-8"))
    assert sorted(set(written)) == sorted(set(words(generate.cli_page())))


def test_every_link_of_the_readme_leads_somewhere():
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
