"""A trained transformer as it is in floats: what embeds, its blocks one at a time, its head."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, overload

from neuromorph.circuits.transformer.numbers import Read
from neuromorph.shapes import Float64, Num
from neuromorph.shown import Shown
from neuromorph.translate.block.float_norm import FloatNorm, Linear
from neuromorph.translate.block.floats import FloatBlock


@dataclass(frozen=True, eq=False, repr=False)
class FloatEmbedding(Shown):
    """What enters the first block.

    ::

        R = table_j + positions_p           of the token j at the place p
        R = x table + positions_p           of a patch x

    Attributes
    ----------
    table : float64 array, shape (inputs, width)
    positions : float64 array, shape (positions, width), or None
        Biases, and what the class token is, are in it.
    of_tokens : bool
    norm : FloatNorm or None
        Of a post-norm model.
    """

    table: Annotated[Float64, "inputs width"]
    positions: Annotated[Float64, "positions width"] | None = None
    of_tokens: bool = True
    norm: FloatNorm | None = None

    def __call__(self, inputs: Annotated[Num, "tokens ..."]) -> Annotated[Float64, "tokens width"]:
        """Each token or patch, from the first on."""
        stream = self.table[inputs] if self.of_tokens else inputs @ self.table
        if self.positions is not None:
            stream = stream + self.positions[: len(inputs)]
        return stream if self.norm is None else self.norm(stream)


@dataclass(frozen=True, eq=False, repr=False)
class FloatHead(Shown):
    """What becomes of the last hidden states; see `circuits.transformer.numbers.Head`."""

    read: Read = "each"
    norm: FloatNorm | None = None
    dense: Linear | None = None

    def __call__(self, stream: Annotated[Float64, "tokens _"]) -> Annotated[Float64, "..."]:
        """One answer a token, or one."""
        heard = stream[:1] if self.read == "first" else stream
        if self.norm is not None:
            heard = self.norm(heard)
        if self.read == "mean":
            heard = heard.mean(axis=0, keepdims=True)
        return heard if self.dense is None else self.dense(heard)


class MadeBlocks(Sequence[FloatBlock]):
    """Blocks, each made when it is asked for.

    Parameters
    ----------
    make : callable
        From the number of a block.
    count : int
    """

    def __init__(self, make: Callable[[int], FloatBlock], count: int) -> None:
        self._make, self._count = make, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, n: int) -> FloatBlock: ...

    @overload
    def __getitem__(self, n: slice) -> list[FloatBlock]: ...

    def __getitem__(self, n: int | slice) -> FloatBlock | list[FloatBlock]:
        if isinstance(n, slice):
            return [self[i] for i in range(*n.indices(self._count))]
        if not -self._count <= n < self._count:
            raise IndexError(n)
        return self._make(n % self._count)

    def __iter__(self) -> Iterator[FloatBlock]:
        return (self[n] for n in range(self._count))


@dataclass(frozen=True, eq=False, repr=False)
class FloatTransformer(Shown):
    """A transformer in float64.

    Attributes
    ----------
    family : str
    embedding : FloatEmbedding
    blocks : sequence of FloatBlock
        May be made when they are asked for: of a large model no two need be there at once.
    head : FloatHead
    causal : bool
    positions : int
        Tokens that a sequence may have.
    """

    family: str
    embedding: FloatEmbedding
    blocks: Sequence[FloatBlock]
    head: FloatHead
    causal: bool
    positions: int

    def run(
        self, inputs: Annotated[Num, "tokens ..."]
    ) -> tuple[list[Annotated[Float64, "tokens _"]], Annotated[Float64, "..."]]:
        """Hidden states in front of each block and behind the last, and the head's answer."""
        streams = [self.embedding(inputs)]
        for block in self.blocks:
            streams.append(block.run(streams[-1]).end)
        return streams, self.head(streams[-1])
