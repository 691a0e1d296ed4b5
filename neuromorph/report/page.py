"""A page for a folder of results: numbers and pictures, no script, nothing fetched."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1f2430;max-width:62rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.3rem .9rem;border-bottom:1px solid #d9dde5;
text-align:left}td:last-child{font-variant-numeric:tabular-nums}img{max-width:100%;margin:.5rem 0 2rem}
"""


def render_page(
    title: str, lead: str, numbers: Mapping[str, object], pictures: Sequence[tuple[str, str]]
) -> str:
    """HTML of one report.

    Parameters
    ----------
    title, lead : str
    numbers : mapping of label to value
    pictures : sequence of (file name, caption)
    """
    rows = "\n".join(f"<tr><td>{_safe(k)}</td><td>{_safe(v)}</td></tr>" for k, v in numbers.items())
    images = "\n".join(f'<h2>{_safe(caption)}</h2>\n<img src="{_safe(name)}" alt="{_safe(caption)}">'
                       for name, caption in pictures)
    return (f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{_safe(title)}</title>\n'
            f"<style>{_STYLE}</style>\n<h1>{_safe(title)}</h1>\n<p>{_safe(lead)}</p>\n"
            f"<table>\n{rows}\n</table>\n{images}\n</html>\n")


def _safe(value: object) -> str:
    return html.escape(str(value))
