"""What the written pages are made of: tables, docstrings, directives."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

WRITTEN = "Written by `python docs/generate.py`."


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar within a cell stays one."""
    lines = (tuple(columns), ("---",) * len(columns),
             *(tuple(cell.replace("|", r"\|") for cell in row) for row in rows))
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def rst(*lines: str) -> str:
    """Directives of Sphinx on a page of Markdown."""
    return "```{eval-rst}\n" + "\n".join(lines).rstrip() + "\n```\n"


def listing(names: Iterable[str]) -> str:
    """A table of objects, each with the first line of its docstring and a link to it."""
    return rst(".. autosummary::", "   :nosignatures:", "", *(f"   ~{name}" for name in names))


def spelled(value: Any) -> str:
    """A number as a person writes it: powers of two by name, infinity as a sign."""
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    number = int(value) if float(value).is_integer() else value
    if isinstance(number, int) and abs(number) >= 1 << 14:
        for off in (0, -1, 1):
            size = abs(number) - off
            if size & (size - 1) == 0:
                power = f"2^{size.bit_length() - 1}" + ("", "\u00a0+\u00a01", "\u00a0−\u00a01")[off]
                return f"−({power})" if number < 0 and off else f"{'−' * (number < 0)}{power}"
    return f"{number:g}".replace("-", "−") if isinstance(number, float) else (
        f"{number:,}".replace("-", "−").replace(",", "\u00a0"))


def within(limits: tuple[float, float]) -> str:
    """A range in words."""
    low, high = limits
    if low > high:
        return "nothing"
    if low == high:
        return spelled(low)
    return f"{spelled(low)} to {spelled(high)}"


class Said(NamedTuple):
    """An entry of a docstring's section: names, their type, what they are."""

    names: tuple[str, ...]
    kind: str
    text: str


def section(thing: Any, title: str) -> list[Said]:
    """The entries of a numpydoc section, such as Parameters."""
    text = inspect.cleandoc(thing.__doc__ or "").partition(f"{title}\n{'-' * len(title)}\n")[2]
    text = re.split(r"^\w[\w ]*\n-{3,}$", text, maxsplit=1, flags=re.MULTILINE)[0]
    found: list[Said] = []
    for line in text.splitlines():
        if line and not line.startswith(" "):
            names, _, kind = line.partition(" : ")
            found.append(Said(tuple(names.split(", ")), kind, ""))
        elif line.strip():
            words = f"{found[-1].text} {line.strip()}".strip().replace("``", "`")
            found[-1] = found[-1]._replace(text=words)
    return found


def prose(thing: Any) -> list[str]:
    """Paragraphs of a docstring before its numpydoc sections; literal blocks as fences."""
    text = inspect.cleandoc(thing if isinstance(thing, str) else thing.__doc__ or "")
    head = re.split(r"^\w[\w ]*\n-{3,}$", text, maxsplit=1, flags=re.MULTILINE)[0]
    found: list[str] = []
    literal = False
    for block in re.split(r"\n{2,}", head.strip()):
        if literal and block.startswith(" "):
            fenced = inspect.cleandoc("\n" + block)
            if found and found[-1].endswith("```"):
                found[-1] = found[-1][: -len("\n```")] + f"\n\n{fenced}\n```"
            else:
                found.append(f"```text\n{fenced}\n```")
            continue
        literal = block.rstrip().endswith("::")
        said = _plain(block.rstrip()[:-2].rstrip() if literal else block)
        if said:
            found.append(said + (":" if literal and said[-1].isalnum() else ""))
    return found


def _plain(text: str) -> str:
    """A paragraph of a docstring as Markdown: what stands in backquotes is code."""
    escaped = re.sub(r"(?<![\\`])([*<])(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)", r"\\\1",
                     text.replace("``", "`"))
    return escaped.strip()
