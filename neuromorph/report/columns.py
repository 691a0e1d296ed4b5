"""How narrow a column of a table may become: a number is never broken, a name may be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.cells import cell_len

WORD = 8
"""Columns that a word keeps; the rest of a longer one goes to the next line."""

_NUMBER = re.compile(r"[(\[]*[-+−±×~]*\d[\d.,:/+\-−×]*(e[+-]?\d+)?[^\W\d]{0,3}%?[)\],;:.…]*")


def narrowest(cells: Iterable[str], heading: str = "", *, whole: bool = False) -> int:
    """The least width of a column.

    Parameters
    ----------
    cells : iterable of str
    heading : str
    whole : bool
        The cells, numbers with their units or names, are not broken.
    """
    texts = list(cells)
    words = [min(cell_len(word), WORD) for text in (heading, *texts) for word in text.split()]
    kept = texts if whole else [word for text in texts for word in text.split()
                                if _NUMBER.fullmatch(word)]
    return max((*words, *map(cell_len, kept)), default=1)
