"""RMS and layer norms in floats, and what stands behind them in integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.shapes import Float64
from neuromorph.shown import Shown

Floats = NDArray[np.float64]


class Linear(NamedTuple):
    """Weights, shape (outputs, inputs), and a bias of its rows or none."""

    weight: Annotated[Float64, "outputs inputs"]
    bias: Annotated[Float64, "outputs"] | None = None

    def __call__(
        self, vectors: Annotated[Float64, "*batch inputs"]
    ) -> Annotated[Float64, "*batch outputs"]:
        """W x + b of each vector."""
        sums: Floats = vectors @ self.weight.T
        return sums if self.bias is None else sums + self.bias

    def behind(self, gains: Annotated[Float64, "inputs"]) -> Linear:
        """The layer that also does what its inputs were multiplied by before."""
        return Linear(self.weight * gains, self.bias)


@dataclass(frozen=True, eq=False, repr=False)
class FloatNorm(Shown):
    """A norm with a gain, and the bias of a layer norm.

    ::

        n = R / root(mean(R^2) + epsilon)          of a layer norm, R - mean(R) in place of R
        h = gain n + bias

    Attributes
    ----------
    gain : float64 array, shape (width,)
    epsilon : float
    bias : float64 array, shape (width,), or None
    centred : bool
        Whether it is a layer norm.
    """

    gain: Annotated[Float64, "width"]
    epsilon: float
    bias: Annotated[Float64, "width"] | None = None
    centred: bool = False

    def __call__(
        self, vectors: Annotated[Float64, "*batch width"]
    ) -> Annotated[Float64, "*batch width"]:
        """H of each vector."""
        h = self._over(vectors, self.gain)
        return h if self.bias is None else h + self.bias

    def of(self, n: Annotated[Float64, "*batch width"]) -> Annotated[Float64, "*batch width"]:
        """H of n."""
        h = self.gain * n
        return h if self.bias is None else h + self.bias

    def plain(
        self, vectors: Annotated[Float64, "*batch width"]
    ) -> Annotated[Float64, "*batch width"]:
        """N of each vector: what a circuit of this norm sends."""
        return self._over(vectors, 1.0)

    def undone(self, h: Annotated[Float64, "*batch width"]) -> Annotated[Float64, "*batch width"]:
        """N of h; 0 where the gain is."""
        shifted = h if self.bias is None else h - self.bias
        n: Floats = np.divide(shifted, self.gain, out=np.zeros_like(h), where=self.gain != 0)
        return n

    def folded(self, layer: Linear) -> Linear:
        """The layer that hears n, and says what it says of h."""
        folded = layer.behind(self.gain)
        if self.bias is None:
            return folded
        moved: Floats = layer.weight @ self.bias
        return Linear(folded.weight, moved if layer.bias is None else layer.bias + moved)

    def _over(self, vectors: Floats, gain: Floats | float) -> Floats:
        if self.centred:
            vectors = vectors - vectors.mean(axis=-1, keepdims=True)
        mean = (vectors * vectors).mean(axis=-1, keepdims=True)
        over: Floats = gain * vectors / np.sqrt(mean + self.epsilon)
        return over
