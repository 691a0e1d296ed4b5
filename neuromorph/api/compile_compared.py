"""Figures to hold an estimate against: dense attention's memory traffic, and published systems."""

from __future__ import annotations

from typing import Any

from neuromorph.bundle import Bundle

BYTES_A_VALUE = 2
"""Keys and values in half precision."""

PICOJOULES_A_BIT = 4.0
"""Reading LPDDR4X memory, a usual round figure; assumed."""


def compared_with(bundle: Bundle) -> list[dict[str, Any]]:
    """What a token costs elsewhere, each with unit and source.

    ::

        bytes read = sum over key-value heads of slots * (key size + value size) * 2
    """
    read = sum(len(code.key_scale) * code.heads[0].slots * BYTES_A_VALUE
               * (code.heads[0].key_size + code.heads[0].value_size)
               for code in bundle.codes.values())
    return [
        {"what": "key-value cache that dense attention reads for one token", "value": read,
         "unit": "B", "source": "half precision, all slots in use"},
        {"what": "energy of reading it from memory", "unit": "J",
         "value": read * 8 * PICOJOULES_A_BIT * 1e-12,
         "source": f"{PICOJOULES_A_BIT:g} pJ a bit of LPDDR4X, assumed; arithmetic not counted"},
        {"what": "a whole 370M MatMul-free language model on 24 Loihi 2 chips, one token",
         "value": 0.405, "unit": "J", "source": "measured by its authors, arXiv 2503.18002"},
    ]
