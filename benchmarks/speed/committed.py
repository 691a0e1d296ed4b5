"""Figures kept in the repository: what the next run is held against."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.speed.figures import Figure

FILE = Path(__file__).with_name("committed.json")


@dataclass
class Committed:
    """Entries by ``part: figure``: value, unit, machine, and a note on what was measured."""

    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    path: Path = field(default_factory=lambda: FILE)

    @classmethod
    def read(cls) -> Committed:
        return cls(json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}, FILE)

    def values(self) -> dict[str, float]:
        return {name: entry["value"] for name, entry in self.entries.items()}

    def sources(self, part: str) -> list[str]:
        """Machines and notes that a part's figures stand on, each once."""
        return sorted({f"{entry['machine']} ({entry['note']})"
                       for name, entry in self.entries.items() if name.startswith(f"{part}: ")})

    def keep(self, part: str, figures: Iterable[Figure], machine: str, note: str) -> None:
        """Replace the figures that were measured, and write the file, a line a figure."""
        for figure in figures:
            self.entries[f"{part}: {figure.name}"] = {
                "value": float(f"{figure.value:.4g}"), "unit": figure.unit,
                "machine": machine, "note": note}
        lines = [f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(entry, ensure_ascii=False)}"
                 for name, entry in self.entries.items()]
        self.path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
