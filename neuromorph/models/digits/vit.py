"""The digits transformer's forward pass in NumPy, with attention left to the caller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from neuromorph.errors import TensorError
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.models.config import parse_config
from neuromorph.models.digits.attention import Array, Attend, softmax_attention
from neuromorph.models.digits.config import DigitsConfig
from neuromorph.models.digits.layers import gelu, layer_norm, linear, patches

WEIGHTS = Path(__file__).with_name("digits-vit.safetensors")
"""The trained weights that come with the package."""

BRIGHTEST = 16


class DigitsViT:
    """x ← x + attention(norm1(x)), x ← x + mlp(norm2(x)), per block; logits = head(norm(x₀)).

    Parameters
    ----------
    config : DigitsConfig
    parameters : mapping of str to float array
        Every tensor of `DigitsConfig.shapes`, all of one dtype, which the forward pass keeps.

    See Also
    --------
    DigitsViT.load : the usual way to get one.
    """

    def __init__(self, config: DigitsConfig, parameters: Mapping[str, Array]) -> None:
        self.config = config
        self._parameters = parameters

    @classmethod
    def load(cls, path: Path | None = None, dtype: DTypeLike = np.float64) -> DigitsViT:
        """The model in a weights file; without a path, the one in the package.

        Raises
        ------
        MissingFileError, FileFormatError, ModelStructureError, TensorError
            When the file is not there, or is not this model.
        """
        where = WEIGHTS if path is None else path
        with SafetensorsFile(where) as file:
            stated = parse_config(file.metadata.get("config", "{}"), f"{where}: config")
            config = DigitsConfig.from_config(stated)
            tensors = {name: file.read(name) for name in file.names}
        return cls.from_tensors(tensors, config, dtype, where)

    @classmethod
    def from_tensors(
        cls,
        tensors: Mapping[str, NDArray[Any]],
        config: DigitsConfig,
        dtype: DTypeLike = np.float64,
        where: object = None,
    ) -> DigitsViT:
        """The model made of named arrays; each is checked, then cast to ``dtype``.

        Raises
        ------
        TensorError
            When a tensor is missing or of another shape.
        """
        parameters: dict[str, Array] = {}
        for name, shape in config.shapes():
            if name not in tensors:
                raise TensorError(f"there is no tensor {name}", where=where)
            if tensors[name].shape != shape:
                raise TensorError(f"tensor {name} has another shape", where=where,
                                  found=tensors[name].shape, expected=shape)
            parameters[name] = tensors[name].astype(dtype)
        return cls(config, parameters)

    def logits(self, images: ArrayLike, attend: Attend = softmax_attention) -> Array:
        """One number a class; the largest is the answer.

        Parameters
        ----------
        images : (n, image, image) array
            Pixels, 0…16.
        attend : Attend
            Called once a layer with that layer's unscaled q, k and v.

        Returns
        -------
        logits : (n, classes) float array

        Raises
        ------
        TensorError
            When the images, or what ``attend`` returned, cannot be used.
        """
        x = self.embedded(images)
        for layer in range(self.config.layers):
            block = f"blocks.{layer}"
            x = x + self._attention(layer, self._norm(f"{block}.norm1", x), attend)
            x = x + self._mlp(f"{block}.mlp", self._norm(f"{block}.norm2", x))
        return self.answered(x)

    def parameter(self, name: str) -> Array:
        """A tensor of `DigitsConfig.shapes`."""
        return self._parameters[name]

    def embedded(self, images: ArrayLike) -> Array:
        """What enters the first block, shape (n, tokens, width): the class token, then patches.

        Raises
        ------
        TensorError
            When the images cannot be used.
        """
        return self._tokens(self._checked(images))

    def answered(self, x: Array) -> Array:
        """Logits of what leaves the last block, shape (n, classes)."""
        return self._linear("head", self._norm("norm", x[:, 0]))

    def _checked(self, images: ArrayLike) -> Array:
        given, side = np.asarray(images), self.config.image
        if given.ndim != 3 or given.shape[1:] != (side, side):
            raise TensorError("the images have another shape", found=given.shape,
                              expected=f"(n, {side}, {side})")
        if given.dtype.kind not in "buif":
            raise TensorError("the images are not real numbers", found=given.dtype)
        if not np.all((given >= 0) & (given <= BRIGHTEST)):  # NaN fails too
            raise TensorError("a pixel is out of range", expected=f"0 to {BRIGHTEST}",
                              found=f"{given.min()} to {given.max()}")
        return given.astype(self._parameters["positions"].dtype)

    def _tokens(self, images: Array) -> Array:
        """The class token, then the patches, each with its position: (n, tokens, width)."""
        embedded = self._linear("embed", patches(images, self.config.patch))
        first = np.broadcast_to(self._parameters["class_token"],
                                (len(images), 1, self.config.width))
        x: Array = np.concatenate([first, embedded], axis=1) + self._parameters["positions"]
        return x

    def _attention(self, layer: int, x: Array, attend: Attend) -> Array:
        name = f"blocks.{layer}.attention"
        q, k, v = (self._split(self._linear(f"{name}.{part}", x))
                   for part in ("query", "key", "value"))
        context = np.asarray(attend(layer, q, k, v))
        if context.shape != q.shape:
            raise TensorError("attention returned another shape", where=f"layer {layer}",
                              found=context.shape, expected=q.shape)
        if not np.isfinite(context).all():
            raise TensorError("attention returned NaN or infinity", where=f"layer {layer}")
        joined = context.astype(x.dtype).swapaxes(1, 2).reshape(x.shape)
        return self._linear(f"{name}.output", joined)

    def _split(self, x: Array) -> Array:
        """(n, tokens, width) to (n, heads, tokens, head_size)."""
        heads, size = self.config.heads, self.config.head_size
        return x.reshape(*x.shape[:2], heads, size).swapaxes(1, 2)

    def _mlp(self, name: str, x: Array) -> Array:
        return self._linear(f"{name}.down", gelu(self._linear(f"{name}.up", x)))

    def _linear(self, name: str, x: Array) -> Array:
        return linear(x, self._parameters[f"{name}.weight"], self._parameters[f"{name}.bias"])

    def _norm(self, name: str, x: Array) -> Array:
        return layer_norm(x, self._parameters[f"{name}.weight"],
                          self._parameters[f"{name}.bias"], self.config.eps)
