"""One head of a model in spikes, and all others in float: what it alone loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from neuromorph.huggingface.hook import Call, Connection
from neuromorph.huggingface.masks import Tensor
from neuromorph.huggingface.matching import match_layers
from neuromorph.huggingface.recording import float_attention
from neuromorph.huggingface.spikes import Spikes
from neuromorph.runtime import SpikingLayer
from neuromorph.shown import Shown
from neuromorph.translate import LayerCode

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(eq=False, repr=False)
class Alone(Shown):
    """A context manager in which one head runs in spikes.

    Attributes
    ----------
    model : transformers model
    layer : str
        The module.
    head : int
    code : LayerCode
        Of the layer.
    """

    model: Any
    layer: str
    head: int
    code: LayerCode
    _connection: Connection | None = field(init=False, default=None)

    @classmethod
    def of(cls, model: Any, codes: Mapping[str, LayerCode], layer: str, head: int) -> Alone:
        """Of a bundle's codes, whose layers are found again in the model.

        Raises
        ------
        BundleError
        """
        modules = match_layers(model, codes, "bundle")
        return cls(model, modules[layer], head, codes[layer])

    def __enter__(self) -> Self:
        spikes = Spikes({self.layer: SpikingLayer(self.code)})

        def answer(call: Call) -> Tensor:
            context = float_attention(call)
            if call.layer == self.layer:
                context[:, self.head] = spikes(call)[:, self.head].to(context.dtype)
            return context

        self._connection = Connection(self.model, answer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
