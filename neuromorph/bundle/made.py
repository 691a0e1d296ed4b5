"""What all bundles share: how they were made, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromorph.bundle.manifest import plain
from neuromorph.shown import Shown
from neuromorph.translate import Caution, cautions


class Made(Shown):
    """In memory what it would be on disk: options and provenance hold what TOML can say."""

    options: Mapping[str, Any]
    provenance: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name in ("options", "provenance"):
            object.__setattr__(self, name, plain(getattr(self, name)))

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What was said when it was made: reasons to trust it less."""
        return cautions.read(self.provenance)
