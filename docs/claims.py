"""Measured figures of the pages, and what holds each: claims.toml, read and checked.

A claim quotes a page. Every number in the quote, but for those it names as settings, must be found
where the claim says that it comes from, in the same order, rounded as the page rounds it: in a
section of benchmarks/RESULTS.md or of another page that is written from the code, in a kept row of
docs/papers, or in a test. A page that is listed as covered has no measured number outside of a
claim or of a named exemption.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FILE = HERE / "claims.toml"

NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?:[ \u00a0]\d{3})+(?!\d)|\d+\.\d+|\.\d+|\d+)(?![\d])")

UNITS = (r"[ \u00a0]?(?:%|×|[mµ]?J\b|[mµn]?s\b|[kMG]i?B\b|times\b|cores?\b|steps?\b|"
         r"tokens a second|nats\b|seconds?\b|minutes?\b)")
MEASURED = re.compile(rf"(?:(?<![\w.])\d*\.\d+)|(?:[×≤≥] ?\d)|(?:\d{UNITS})")
"""What makes a number look measured: a fraction, a ratio, a unit."""

CODE = re.compile(r"^```.*?^```$|^(?: {4,}|\t).*?$|`[^`\n]*`|\]\([^)]*\)", re.DOTALL | re.MULTILINE)
"""Commands, programs and addresses claim nothing."""


class ClaimError(ValueError):
    """A claim that does not hold."""


@dataclass(frozen=True)
class Claim:
    """A row of claims.toml.

    Attributes
    ----------
    page : str
        Path of a page from the top.
    text : str
        A quote of it; blanks and line ends are alike.
    figures : tuple of str
        Quotes of the source, which hold the numbers; of rows, their names.
    under : str
        How the heading of the section begins, in `source`.
    source : str
        Path of the page, file of rows or test that the numbers come from.
    settings : tuple of str
        Numbers of the quote that nobody measured.
    command : str
        What gives the figures again; the section's own, if it is left out.
    """

    page: str
    text: str
    figures: tuple[str, ...] = ()
    under: str = ""
    source: str = "benchmarks/RESULTS.md"
    settings: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True)
class Exemption:
    """Numbers that are no measurements: what they look like, and why they are none."""

    pattern: str
    why: str


@dataclass(frozen=True)
class Claims:
    """All of claims.toml."""

    claims: tuple[Claim, ...]
    exempt: tuple[Exemption, ...]
    every_number: tuple[str, ...]
    measured_only: tuple[str, ...] = field(default=())


def read(path: Path = FILE) -> Claims:
    """claims.toml; a key that is not known is refused."""
    found = tomllib.loads(path.read_text("utf-8"))
    rows = [{name: tuple(value) if isinstance(value, list) else value
             for name, value in row.items()} for row in found["claim"]]
    return Claims(tuple(Claim(**row) for row in rows),
                  tuple(Exemption(**row) for row in found["exempt"]),
                  tuple(found["every_number"]), tuple(found["measured_only"]))


# --- texts


def plain(text: str) -> str:
    """One line, without emphasis: what quotes are looked for in."""
    return " ".join(text.replace("**", "").replace("\u00a0", " ").split())


@cache
def page(name: str) -> str:
    """A file of the repository."""
    return (ROOT / name).read_text("utf-8")


def section(text: str, under: str) -> str:
    """What stands under the one heading that begins so, with the headings below it.

    Raises
    ------
    ClaimError
    """
    headings = [(found.start(), len(found[1]), found[2])
                for found in re.finditer(r"^(#+) (.*)$", text, re.MULTILINE)]
    here = [one for one in headings if one[2].startswith(under)]
    if len(here) != 1:
        raise ClaimError(f"{len(here)} headings begin with '{under}'")
    begin, level, _ = here[0]
    ends = [place for place, depth, _ in headings if place > begin and depth <= level]
    return text[begin:min(ends, default=len(text))]


def numbers(text: str) -> list[str]:
    """The numbers in a text, as they are written."""
    return [found[0] for found in NUMBER.finditer(text.replace("\u00a0", " "))]


def value(number: str) -> float:
    """What is written."""
    return float(number.replace(" ", ""))


def agrees(said: str, measured: float) -> bool:
    """Whether a number is the measured one, rounded to the digits that are said.

    A whole number of thousands is rounded to its first digit.
    """
    decimals = len(said.partition(".")[2])
    thousands = not decimals and value(said) >= 1000 and value(said) % 1000 == 0
    unit = 10 ** (len(str(int(value(said)))) - 1) if thousands else 10.0**-decimals
    return abs(value(said) - measured) <= unit / 2 * (1 + 1e-9)


# --- one claim


def measured(claim: Claim, text: str) -> list[float]:
    """All numbers that a claim's source gives.

    Raises
    ------
    ClaimError
        If a quote is not found there.
    """
    if claim.source.endswith(".json"):
        return [number for name in claim.figures for number in _row(name, json.loads(text))]
    if claim.source.endswith(".py"):
        return [value(number) for number in numbers(_function(claim, text))]
    there = plain(section(text, claim.under) if claim.under else text)
    for figure in claim.figures:
        if plain(figure) not in there:
            raise ClaimError(f"{claim.source}, '{claim.under}', does not say '{figure}'")
    return [value(number) for figure in claim.figures for number in numbers(plain(figure))]


def _row(name: str, rows: Sequence[Mapping[str, object]]) -> Iterator[float]:
    keys: tuple[str, ...] = ("published", "ours")
    for key in keys:
        if name.endswith(f", {key}"):
            keys, name = (key,), name.removesuffix(f", {key}")
    found = [row for row in rows if f"{row['paper']}: {row['quantity']}" == name]
    if len(found) != 1:
        raise ClaimError(f"{len(found)} kept rows are named '{name}'")
    yield from (abs(float(str(found[0][key]))) for key in keys  # the pages' signs are dashes
                if found[0][key] is not None)


def _function(claim: Claim, text: str) -> str:
    if not claim.under:
        return text
    found = re.search(rf"^(@[^\n]*\n(?:(?!def )[^\n]*\n)*)?def {claim.under}\(.*?(?=^\S|\Z)", text,
                      re.DOTALL | re.MULTILINE)
    if found is None:
        raise ClaimError(f"{claim.source} has no test {claim.under}")
    return found[0]


def faults(claim: Claim, said: str | None = None, source: str | None = None) -> list[str]:
    """Why a claim does not hold; nothing if it does.

    Parameters
    ----------
    claim : Claim
    said, source : str, optional
        Texts of the page and of the source, if not as they are.
    """
    quote = plain(claim.text)
    if quote not in plain(page(claim.page) if said is None else said):
        return [f"{claim.page} does not say '{quote}'"]
    try:
        there = measured(claim, page(claim.source) if source is None else source)
    except ClaimError as error:
        return [str(error)]
    wanted = list(numbers(quote))
    for setting in claim.settings:
        if setting not in wanted:
            return [f"'{quote}' has no setting {setting}"]
        wanted.remove(setting)
    return [f"{claim.page} says {number} in '{quote}', which no figure of the claim is, in its turn"
            for number in _unmatched(wanted, there)]


def _unmatched(said: Iterable[str], there: Sequence[float]) -> Iterator[str]:
    """Numbers that are not among the measured ones behind where the one before was."""
    place = 0
    for number in said:
        found = [n for n in range(place, len(there)) if agrees(number, there[n])]
        if found:
            place = found[0] + 1
        else:
            yield number


# --- what is covered


def uncovered(name: str, claims: Claims, text: str | None = None) -> list[str]:
    """Lines of a page with numbers that no claim and no exemption covers."""
    rest = (page(name) if text is None else text).replace("\u00a0", " ")
    for quote in (claim.text for claim in claims.claims if claim.page == name):
        rest = _without(rest, quote)
    rest = CODE.sub(_blank, rest)
    for one in claims.exempt:
        rest = re.sub(one.pattern, _blank, rest, flags=re.MULTILINE)
    pattern = NUMBER if name in claims.every_number else MEASURED
    return [f"{name}, line {number}: {line.strip()}"
            for number, line in enumerate(rest.splitlines(), 1) if pattern.search(line)]


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _without(text: str, quote: str) -> str:
    """The text with blanks in the place of a quote, which may be broken, or emphasised."""
    words = [re.escape(word) for word in plain(quote).split()]
    return re.sub(r"[\s*]+".join(words).replace("\\-", "-"), _blank, text)


def unused(claims: Claims) -> list[str]:
    """Exemptions that nothing needs."""
    texts = [page(name) for name in (*claims.every_number, *claims.measured_only)]
    return [one.pattern for one in claims.exempt
            if not any(re.search(one.pattern, text, re.MULTILINE) for text in texts)]


# --- the page


HEAD = """# Claims

Written by `python docs/generate.py` from [claims.toml](claims.toml): measured numbers of the pages,
where each is held, and what gives it again. `tests/test_claims.py` fails if a page and its source
disagree, rounded as the page rounds, or if a page that is covered has a number without a row.
Nothing here has run on a chip; figures in seconds and bytes are of the machines that the results
name.

Covered, every number but those of commands and of named exemptions: {every}. Covered, numbers with
a fraction, a ratio or a unit: {measured}. Pages that are written from the code
(`docs/generate.py`) are held by the tests that write them again. No other page is covered yet.
"""


def commands(claim: Claim) -> str:
    """What gives the figures again: the claim's, or what its section's heading names."""
    if claim.command:
        return f"`{claim.command}`"
    if claim.source.endswith(".py"):
        return f"`pytest {claim.source} -k {claim.under}`" if claim.under else "the code itself"
    if claim.source.endswith(".json"):
        return f"`python -m examples.papers {Path(claim.source).stem} --keep`"
    heading = section(page(claim.source), claim.under).partition("\n")[0] if claim.under else ""
    named = re.findall(r"`([^`]+)`", heading)
    return ", ".join(f"`make bench {one}`" if one.startswith("BENCH=") else f"`{one}`"
                     for one in named) or "`python docs/generate.py`"


def claims_page() -> str:
    """All claims, page by page."""
    claims = read()
    parts = [HEAD.format(every=_links(claims.every_number), measured=_links(claims.measured_only))]
    for name in dict.fromkeys(claim.page for claim in claims.claims):
        rows = ((_cell(claim.text), _held(claim), commands(claim))
                for claim in claims.claims if claim.page == name)
        parts.append(f"## {name}\n\n{_table(('said', 'held by', 'again by'), rows)}")
    rest = ((f"`{one.pattern}`".replace("|", "\\|"), one.why) for one in claims.exempt)
    parts.append(f"## Numbers without a row\n\n{_table(('looks like', 'why'), rest)}")
    return "\n".join(parts)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (columns, ["---"] * len(columns), *rows)
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _links(names: Iterable[str]) -> str:
    return ", ".join(f"[{Path(name).name}]({_from_docs(name)})" for name in names)


def _from_docs(name: str) -> str:
    return name.removeprefix("docs/") if name.startswith("docs/") else f"../{name}"


def _held(claim: Claim) -> str:
    place = claim.under or "; ".join(claim.figures)
    return f"[{claim.source}]({_from_docs(claim.source)}), {_cell(place)}"


def _cell(text: str) -> str:
    """A quote in a table: without links and bars."""
    return re.sub(r"\]\([^)]*\)", "]", plain(text)).replace("|", "/").replace("[", "").replace(
        "]", "").strip("/ ")
