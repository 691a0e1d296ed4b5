"""How much memory a piece of work takes; `require` asks for it before the work begins."""

from __future__ import annotations

from neuromorph.memory import require

__all__ = ["WORD", "attention_bytes", "clocked_bytes", "require"]

WORD = 8
FLOAT_COPIES = 8
"""Arrays of one head's attention weights that comparing spikes with float attention holds."""

CLOCKED_COPIES = 3
"""Of a clocked run's traces: recorded, sent and received."""


def attention_bytes(
    batch: int, heads: int, queries: int, keys: int, value_size: int, *, times: bool = True
) -> int:
    """Bytes that one layer in closed form takes, compared with float attention if ``times``."""
    rows = batch * heads * queries
    outputs = rows * (value_size + 4) * WORD
    codes = batch * heads * (queries + 2 * keys) * value_size * WORD
    maps = rows * keys * WORD if times else 0
    compared = queries * keys * WORD * FLOAT_COPIES if times else 0
    return outputs + codes + maps + compared


def clocked_bytes(queries: int, keys: int, key_size: int, value_size: int, period: int) -> int:
    """Bytes that one head takes on a clocked backend, which keeps every step."""
    return queries * period * (2 * keys + key_size + value_size + 4) * WORD * CLOCKED_COPIES
