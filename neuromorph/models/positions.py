"""The longest sequence that a model takes, where its configuration says."""

from __future__ import annotations

from neuromorph.models.config import Config

NAMES = ("max_position_embeddings", "n_positions")


def positions_of(config: Config) -> int | None:
    """Positions that are embedded or turned by; of a vision transformer its patches and one more.

    A hint for how many slots are enough, so what is no number counts as not said.
    """
    for name in NAMES:
        if (found := _number(config, name)) is not None:
            return found
    image, patch = _number(config, "image_size"), _number(config, "patch_size")
    return None if image is None or patch is None else (image // patch) ** 2 + 1


def _number(config: Config, name: str) -> int | None:
    value = config.fields.get(name)
    return value if type(value) is int and value > 0 else None
