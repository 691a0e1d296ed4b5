"""A page for a folder of results: numbers and pictures, no script, nothing fetched."""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from neuromorph._version import __version__
from neuromorph.errors import escaped
from neuromorph.report.text import readable

PAGE_STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --quiet: #5d6678; --line: #d9dde5;
        --paper: #fff; --shade: #f4f5f8; --accent: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e6ed; --quiet: #a3acbd; --line: #3a4150; --paper: #16191f; --shade: #22262f;
          --accent: #ff8a7d }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 62rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word }
h1 { line-height: 1.2 }
h2 { margin: 2.5rem 0 .5rem; line-height: 1.25 }
p, dl, ul { max-width: 44rem }
table { border-collapse: collapse; margin: 1.5rem 0 }
td { padding: .3rem 2rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
     font-variant-numeric: tabular-nums }
th { padding: .3rem 2rem .3rem 0; border-bottom: 2px solid var(--line); text-align: left }
td:first-child { color: var(--quiet) }
dt { font-weight: 600 }
dd { margin: 0 0 .7rem }
code, pre { font: .9em/1.5 ui-monospace, monospace }
pre { background: var(--shade); padding: .6rem .8rem; border-radius: .4rem; overflow-x: auto;
      margin: .2rem 0 1rem }
ul.broken { color: var(--accent); font-weight: 600 }
footer { margin: 3rem 0 1rem; color: var(--quiet); font-size: .9em }
.count { text-align: right }
.wide { overflow-x: auto }
.zoom { display: block; cursor: zoom-in }
.zoom input { position: absolute; opacity: 0 }
.zoom span { display: block; background: #fff; border-radius: .4rem; padding: .3rem }
.zoom img { display: block; max-width: 100%; height: auto }
.zoom input:focus-visible + span { outline: 3px solid var(--accent) }
.zoom input:checked + span { position: fixed; inset: 0; z-index: 1; overflow: auto;
                             border-radius: 0; cursor: zoom-out }
.zoom input:checked + span img { max-width: max(100%, 75rem); margin: auto }
@media (max-width: 40rem) {
  body { margin-top: 1rem }
  h1 { font-size: 1.5rem }
  h2 { font-size: 1.2rem }
  td, th { padding-right: .8rem }
  .rows { font-size: 13px; margin: .5rem 0 }
  .rows td, .rows th { padding-right: .6rem }
  .zoom input:checked + span img { min-width: 60rem; max-width: none }
}
"""
"""Light and dark as the reader's system is; a picture is enlarged by a click, without a script."""

PAGE_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""

_BODY = """<p>{lead}</p>
<table>
{rows}
</table>
{rest}
<footer>Made by neuromorph {version}. A picture is enlarged by a click.</footer>"""

_PICTURE = """<h2>{heading}</h2>
<p>{text}</p>
{image}"""

_IMAGE = """<label class="zoom"><input type="checkbox" aria-label="enlarge: {alt}"><span><img
src="{source}" alt="{alt}"></span></label>"""

_TABLE = """<h2>{heading}</h2>
<p>{text}</p>
<div class="wide"><table class="rows">
{rows}
</table></div>"""


class Picture(NamedTuple):
    """A picture, what is over it, and what it shows.

    ``source`` is a file's name, or the PNG file itself, which then lies in the page. ``alt`` says
    what is seen to whom does not see it; the heading, if it is left out.
    """

    source: str | bytes
    heading: str
    text: str
    alt: str = ""

    def html(self) -> str:
        """As it stands on the page."""
        return _PICTURE.format(heading=safe(self.heading), text=safe(self.text),
                               image=image(self.source, self.alt or self.heading))


class Rows(NamedTuple):
    """A table: its columns, and a row each."""

    heading: str
    text: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def html(self) -> str:
        """As it stands on the page; numbers are to the right."""
        if not self.rows:
            return ""
        lines = [_line("th", self.columns, self.rows[0])]
        lines += [_line("td", row, row) for row in self.rows]
        return _TABLE.format(heading=safe(self.heading), text=safe(self.text),
                             rows="\n".join(lines))


class Terms(NamedTuple):
    """Words, and what they mean."""

    heading: str
    meanings: Mapping[str, str]

    def html(self) -> str:
        """As it stands on the page."""
        rows = "\n".join(f"<dt>{safe(word)}</dt><dd>{safe(meaning)}</dd>"
                         for word, meaning in self.meanings.items())
        return f"<h2>{safe(self.heading)}</h2>\n<dl>\n{rows}\n</dl>"


class Commands(NamedTuple):
    """What to do next: what for, and the line to type."""

    heading: str
    lines: Mapping[str, str]

    def html(self) -> str:
        """As it stands on the page."""
        rows = "\n".join(f"<p>{safe(what)}</p>\n<pre><code>{safe(line)}</code></pre>"
                         for what, line in self.lines.items())
        return f"<h2>{safe(self.heading)}</h2>\n{rows}"


class Points(NamedTuple):
    """A list of sentences; nothing, if there are none."""

    heading: str
    lines: Sequence[object]
    kind: str = ""

    def html(self) -> str:
        """As it stands on the page."""
        if not self.lines:
            return ""
        mark = f' class="{self.kind}"' if self.kind else ""
        items = "\n".join(f"<li>{safe(readable(line))}</li>" for line in self.lines)
        return f"<h2>{safe(self.heading)}</h2>\n<ul{mark}>\n{items}\n</ul>"


Section: TypeAlias = Picture | Rows | Terms | Commands | Points


def render_page(
    title: str, lead: str, numbers: Mapping[str, object], sections: Sequence[Section],
) -> str:
    """HTML of one report.

    Parameters
    ----------
    title, lead : str
    numbers : mapping of label to value
    sections : sequence of Picture, Rows, Terms, Commands or Points
    """
    rows = "\n".join(_line("td", pair, ("", "")) for pair in numbers.items())
    rest = "\n".join(section.html() for section in sections)
    body = _BODY.format(lead=safe(lead), rows=rows, rest=rest, version=safe(__version__))
    return PAGE_FRAME.format(title=safe(title), style=PAGE_STYLE, body=body)


def image(source: str | bytes, alt: str) -> str:
    """An image that a click enlarges, from a file beside the page or in the page itself."""
    if isinstance(source, bytes):
        source = f"data:image/png;base64,{b64encode(source).decode('ascii')}"
    return _IMAGE.format(source=safe(source), alt=safe(alt))


def _line(tag: str, cells: Sequence[object], kinds: Sequence[object]) -> str:
    return "<tr>" + "".join(
        f"<{tag}{_class(kind)}>{safe(readable(cell))}</{tag}>"
        for cell, kind in zip(cells, kinds, strict=True)) + "</tr>"


def _class(value: object) -> str:
    return ' class="count"' if isinstance(value, int) else ""


def safe(value: object) -> str:
    """Text that a page shows as it is: no markup, and nothing that is not seen."""
    return html.escape(escaped(str(value)))
