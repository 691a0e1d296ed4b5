"""The sizes of the digits transformer, as its weights file states them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from neuromorph.errors import ModelStructureError
from neuromorph.models.config import Config
from neuromorph.models.head_checks import size_of_heads

FAMILY = "digits-vit"


@dataclass(frozen=True)
class DigitsConfig:
    """tokens = (image / patch)² + 1, the class token first; head_size = width / heads.

    Attributes
    ----------
    width, heads, layers : int
        Of the residual stream, per layer, and of blocks.
    patch, image : int
        Side of a patch and of an image, pixels.
    mlp, classes : int
        Hidden units of a block's MLP; outputs.
    eps : float
        Added to the variance in every LayerNorm.
    split_seed : int
        Seed of the split (`load_split`) that the weights were trained on.
    """

    width: int
    heads: int
    layers: int
    patch: int
    mlp: int
    classes: int
    image: int
    eps: float
    split_seed: int

    @classmethod
    def from_config(cls, config: Config) -> DigitsConfig:
        """The sizes in a file's configuration.

        Raises
        ------
        ModelStructureError
            When it is another family's, a field is missing, or the sizes do not go together.
        """
        family = config.text("family")
        if family != FAMILY:
            raise ModelStructureError("the model is of another family", where=config.where,
                                      found=family, expected=FAMILY)
        counts = ("width", "heads", "layers", "patch", "mlp", "classes", "image")
        sizes = {name: config.count(name) for name in counts}
        size_of_heads(sizes["width"], sizes["heads"], config.where)
        if sizes["image"] % sizes["patch"]:
            raise ModelStructureError("an image is no whole number of patches",
                                      where=config.where, found=sizes["patch"],
                                      expected=f"a divisor of {sizes['image']}")
        return cls(**sizes, eps=config.number("eps"), split_seed=_seed(config))

    @property
    def tokens(self) -> int:
        """Patches of an image, and the class token."""
        return (self.image // self.patch) ** 2 + 1

    @property
    def head_size(self) -> int:
        """Numbers in a head's query, key and value."""
        return self.width // self.heads

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Name and shape of every tensor; weights are (out, in)."""
        width = self.width
        yield from _linear("embed", width, self.patch**2)
        yield "class_token", (width,)
        yield "positions", (self.tokens, width)
        for layer in range(self.layers):
            block = f"blocks.{layer}"
            for part in ("query", "key", "value", "output"):
                yield from _linear(f"{block}.attention.{part}", width, width)
            yield from _linear(f"{block}.mlp.up", self.mlp, width)
            yield from _linear(f"{block}.mlp.down", width, self.mlp)
            yield from _norm(f"{block}.norm1", width)
            yield from _norm(f"{block}.norm2", width)
        yield from _norm("norm", width)
        yield from _linear("head", self.classes, width)

    def to_json(self) -> str:
        """The text that stands in the weights file, keys sorted."""
        return json.dumps({"family": FAMILY} | asdict(self), sort_keys=True)


def _seed(config: Config) -> int:
    """A whole number ≥ 0: `Config.count` begins at 1."""
    seed = config.number("split_seed")
    if not seed.is_integer():
        raise ModelStructureError("split_seed is not usable", where=config.where, found=seed,
                                  expected="a whole number")
    return int(seed)


def _linear(name: str, outputs: int, inputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)
