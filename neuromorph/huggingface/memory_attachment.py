"""A model whose memories run in integers as a bundle says; its attention stays its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuromorph import backends
from neuromorph.bundle.memories import MemoriesBundle
from neuromorph.errors import UsageError
from neuromorph.huggingface.delta_layers import attach_memories, attached_to, detach_memories
from neuromorph.huggingface.delta_spikes import DeltaSpikes
from neuromorph.huggingface.matching import match_layers
from neuromorph.huggingface.switched import Switched
from neuromorph.shown import Shown
from neuromorph.translate import Caution


@dataclass(eq=False, repr=False)
class MemoryAttachment(Switched, Shown):
    """A model whose memories run in integers; `detach` gives it its own back.

    Attributes
    ----------
    model : torch.nn.Module
    memories : DeltaSpikes
    cautions : tuple of Caution
        What the bundle holds of them.
    """

    model: Any
    memories: DeltaSpikes
    cautions: tuple[Caution, ...] = ()

    @classmethod
    def of(
        cls, model: Any, bundle: MemoriesBundle, backend: str = backends.DEFAULT
    ) -> MemoryAttachment:
        """Of a bundle that was exported for this model; not yet attached.

        Raises
        ------
        BundleError
            If the bundle's layers are not the model's.
        """
        modules = match_layers(model, bundle.codes, bundle.path or "bundle")
        codes = {modules[name]: own for name, own in bundle.codes.items()}
        return cls(model, DeltaSpikes(codes, backend), bundle.cautions)

    @property
    def attached(self) -> bool:
        """Whether the model runs on these memories now."""
        return attached_to(self.model) is self.memories

    def attach(self) -> None:
        """Switch the model to integers; other memories that it had are closed."""
        if not self.attached:
            attach_memories(self.model, self.memories)

    def detach(self) -> None:
        """Switch the model back to its own memories; harmless when done twice."""
        detach_memories(self.model, self.memories)

    def __reduce_ex__(self, protocol: object) -> Any:
        raise UsageError("an attachment cannot be copied or pickled: it holds a live model",
                         hint="attach the copy of the model to the bundle")

    def report(self) -> dict[str, Any]:
        """What runs in integers and what it has done so far; plain values, for JSON."""
        return {"model": type(self.model).__name__, "attached": self.attached,
                "backend": self.memories.backend, "memories": self.memories.report(),
                "warnings": [str(caution) for caution in self.cautions]}
