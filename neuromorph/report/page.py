"""A page for a folder of results: numbers and pictures, no script, nothing fetched."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from neuromorph.errors import escaped
from neuromorph.report.text import readable

PAGE_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2430; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin: 2.5rem 0 .5rem }
p { max-width: 44rem }
table { border-collapse: collapse; margin: 1.5rem 0 }
td { padding: .3rem 2rem .3rem 0; border-bottom: 1px solid #d9dde5;
     font-variant-numeric: tabular-nums }
th { padding: .3rem 2rem .3rem 0; border-bottom: 2px solid #d9dde5; text-align: left }
td:first-child { color: #5d6678 }
.count { text-align: right }
img { max-width: 100%; height: auto }
.wide { overflow-x: auto }
@media (max-width: 40rem) {
  td, th { padding-right: .8rem }
  .rows { font-size: 12.5px; margin: .5rem 0 }
  .rows td, .rows th { padding-right: .5rem }
  .wide img { max-width: none; width: 60rem }
}
"""

PAGE_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
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
{rest}"""

_PICTURE = """<h2>{heading}</h2>
<p>{text}</p>
<div{kind}><img src="{name}" alt="{heading}"></div>"""

_TABLE = """<h2>{heading}</h2>
<p>{text}</p>
<div class="wide"><table class="rows">
{rows}
</table></div>"""


class Picture(NamedTuple):
    """A file, what is over it, and what it shows; a wide one may be moved on a narrow screen."""

    name: str
    heading: str
    text: str
    wide: bool = False

    def html(self) -> str:
        """As it stands on the page."""
        return _PICTURE.format(name=safe(self.name), heading=safe(self.heading),
                               text=safe(self.text), kind=' class="wide"' if self.wide else "")


class Rows(NamedTuple):
    """A table: its columns, and a row each."""

    heading: str
    text: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def html(self) -> str:
        """As it stands on the page; numbers are to the right."""
        lines = [_line("th", self.columns, self.rows[0])]
        lines += [_line("td", row, row) for row in self.rows]
        return _TABLE.format(heading=safe(self.heading), text=safe(self.text),
                             rows="\n".join(lines))


def render_page(
    title: str, lead: str, numbers: Mapping[str, object], sections: Sequence[Picture | Rows],
) -> str:
    """HTML of one report.

    Parameters
    ----------
    title, lead : str
    numbers : mapping of label to value
    sections : sequence of Picture or Rows
    """
    rows = "\n".join(_line("td", pair, ("", "")) for pair in numbers.items())
    rest = "\n".join(section.html() for section in sections)
    body = _BODY.format(lead=safe(lead), rows=rows, rest=rest)
    return PAGE_FRAME.format(title=safe(title), style=PAGE_STYLE, body=body)


def _line(tag: str, cells: Sequence[object], kinds: Sequence[object]) -> str:
    return "<tr>" + "".join(
        f"<{tag}{_class(kind)}>{safe(readable(cell))}</{tag}>"
        for cell, kind in zip(cells, kinds, strict=True)) + "</tr>"


def _class(value: object) -> str:
    return ' class="count"' if isinstance(value, int) else ""


def safe(value: object) -> str:
    """Text that a page shows as it is: no markup, and nothing that is not seen."""
    return html.escape(escaped(str(value)))
