"""The numbers of a whole model that are no arrays: ``numbers.json``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from neuromorph.bundle.manifest import Strict
from neuromorph.circuits.block.numbers import Block
from neuromorph.circuits.norm import Norm
from neuromorph.circuits.transformer.numbers import Transformer
from neuromorph.neurons.gate import Activation, Gate
from neuromorph.numerics import SIGNED_8
from neuromorph.numerics.limits import MULTIPLIER_MAX, STATE_MAX

SIZE_MAX = 1 << 24
"""Of a width, a norm or a count; far more than any model has."""

_GATE = Gate().limits("fixed")

Count = Annotated[int, Field(ge=1, le=SIZE_MAX)]
State = Annotated[int, Field(ge=1, le=STATE_MAX)]
Flag = Annotated[int, Field(ge=0, le=1)]
Limit = Annotated[int, Field(ge=1, le=SIGNED_8)]


class NormNumbers(Strict):
    """Fields of a `Norm`."""

    size: Count
    least: Annotated[int, Field(ge=0, le=1 << 62)]
    multiplier: Annotated[int, Field(ge=0, le=MULTIPLIER_MAX)]
    y_shift: Annotated[int, Field(ge=1, le=63)]
    limit: State
    period: Annotated[int, Field(ge=1, le=1 << 31)]
    root: Flag
    centred: Flag
    heads: Count = 1

    @classmethod
    def of(cls, norm: Norm) -> NormNumbers:
        """Those of a norm."""
        return cls(**asdict(norm))

    def norm(self) -> Norm:
        """The norm."""
        return Norm(**self.model_dump())


class BlockNumbers(Strict):
    """Those of a `Block`, with the limits of its codes."""

    attention_norm: NormNumbers
    mlp_norm: NormNumbers
    unit_norm: NormNumbers
    end_norm: NormNumbers | None = None
    query_norm: NormNumbers | None = None
    key_norm: NormNumbers | None = None
    query_limit: Limit
    key_limit: Limit
    value_limit: Limit
    groups: Count
    rotary: bool
    turns: Count
    slope: Annotated[int, Field(ge=_GATE["slope"][0], le=_GATE["slope"][1])]
    cubic: Annotated[int, Field(ge=_GATE["cubic"][0], le=_GATE["cubic"][1])]
    unit_bits: Annotated[int, Field(ge=_GATE["unit_bits"][0], le=_GATE["unit_bits"][1])]
    product_shift: Annotated[int, Field(ge=_GATE["product_shift"][0],
                                        le=_GATE["product_shift"][1])]
    hidden_limit: State
    rest: Annotated[int, Field(ge=0, le=1 << 31)] = 0

    @classmethod
    def of(cls, block: Block) -> BlockNumbers:
        """Those of a block."""
        return cls(
            attention_norm=NormNumbers.of(block.attention_norm),
            mlp_norm=NormNumbers.of(block.mlp_norm), unit_norm=NormNumbers.of(block.unit_norm),
            end_norm=None if block.end_norm is None else NormNumbers.of(block.end_norm),
            **{f"{role}_norm": NormNumbers.of(own.norm)
               for role, own in block.head_norms.items()},
            query_limit=block.query_code.limit, key_limit=block.key_code.limit,
            value_limit=block.value_code.limit, groups=block.groups, rotary=block.rotary,
            turns=block.turns, slope=block.activation.slope, cubic=block.activation.cubic,
            unit_bits=block.unit_bits, product_shift=block.product_shift,
            hidden_limit=block.hidden_limit, rest=block.rest)

    @property
    def activation(self) -> Activation:
        """Of its MLP."""
        return Activation(self.slope, self.cubic)


class Numbers(Strict):
    """Those of a `Transformer`."""

    causal: bool
    spikes: Literal["graded", "binary"]
    embedding_norm: NormNumbers | None = None
    head_read: Literal["each", "first", "mean"]
    head_norm: NormNumbers | None = None
    head_places: Annotated[int, Field(ge=-64, le=64)]
    blocks: Annotated[list[BlockNumbers], Field(min_length=1)]

    @classmethod
    def of(cls, model: Transformer) -> Numbers:
        """Those of a transformer."""
        embedding, head = model.embedding, model.head
        return cls(
            causal=model.causal, spikes=model.blocks[0].heads[0].spikes,
            embedding_norm=None if embedding.norm is None else NormNumbers.of(embedding.norm),
            head_read=head.read,
            head_norm=None if head.norm is None else NormNumbers.of(head.norm),
            head_places=head.places, blocks=[BlockNumbers.of(block) for block in model.blocks])
