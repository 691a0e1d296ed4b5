"""A page for a folder of results: numbers and pictures, no script, nothing fetched."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

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
td:first-child { color: #5d6678 }
img { max-width: 100%; height: auto }
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
{pictures}"""

_PICTURE = """<h2>{heading}</h2>
<p>{text}</p>
<img src="{name}" alt="{heading}">"""


def render_page(
    title: str, lead: str, numbers: Mapping[str, object],
    pictures: Sequence[tuple[str, str, str]],
) -> str:
    """HTML of one report.

    Parameters
    ----------
    title, lead : str
    numbers : mapping of label to value
    pictures : sequence of (file name, heading, explanation)
    """
    rows = "\n".join(f"<tr><td>{safe(name)}</td><td>{safe(readable(value))}</td></tr>"
                     for name, value in numbers.items())
    drawn = "\n".join(_PICTURE.format(name=safe(name), heading=safe(heading), text=safe(text))
                      for name, heading, text in pictures)
    body = _BODY.format(lead=safe(lead), rows=rows, pictures=drawn)
    return PAGE_FRAME.format(title=safe(title), style=PAGE_STYLE, body=body)


def safe(value: object) -> str:
    """Text that a page shows as it is: no markup, and nothing that is not seen."""
    return html.escape(escaped(str(value)))
