"""Heads of tables that say nothing to a reader who sees them say it to one who hears them."""

from __future__ import annotations

from typing import Any

from docutils import nodes

SAID = "row"
"""What stands over a column whose cells name their rows."""


def name_empty_heads(_: Any, doctree: nodes.document) -> None:
    """Give every empty cell of a table's head a word that is heard and not seen."""
    for head in doctree.findall(nodes.thead):
        for entry in head.findall(nodes.entry):
            if not entry.astext().strip():
                entry.children = []
                word = nodes.inline("", SAID, classes=["visually-hidden"])
                entry.append(nodes.paragraph("", "", word))


def setup(app: Any) -> dict[str, bool]:
    """Look at each page once it is read."""
    app.connect("doctree-read", name_empty_heads)
    return {"parallel_read_safe": True}
