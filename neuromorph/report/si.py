"""Numbers of physical quantities: three digits, a prefix, and a range with one unit."""

from __future__ import annotations

import math

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"),
            (1e-12, "p"))


def si(value: float | None, unit: str) -> str:
    """Three digits and a prefix: ``12.3 µJ``."""
    if value is None or not math.isfinite(value):
        return "-"
    if value == 0:
        return f"0 {unit}"
    rounded = float(f"{value:.3g}")
    scale, prefix = next((p for p in PREFIXES if abs(rounded) >= p[0]), PREFIXES[-1])
    return f"{rounded / scale:.3g} {prefix}{unit}"
