"""What a family of models is: how its attention tensors are called, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from neuromorph.models.config import Config
from neuromorph.models.rotary import Rotary
from neuromorph.shown import Shown

ROLES = ("query", "key", "value")


@dataclass(frozen=True)
class LayerPlan:
    """What the configuration says of one layer, before a weight is read.

    Attributes are those of :class:`neuromorph.models.heads.AttentionLayer`; the value size
    comes from the value weight itself.
    """

    width: int
    heads: int
    kv_heads: int
    head_size: int
    rotary: Rotary | None = None
    scale: float | None = None
    window: int | None = None


@dataclass(frozen=True, repr=False)
class Family(Shown):
    """Names and meaning of the attention tensors of some related models.

    Attributes
    ----------
    name : str
        Shown to the user.
    model_types : frozenset of str
        Values of ``model_type`` (or ``family``) in the configuration that it covers.
    module : str
        Path of a layer's attention module with ``{layer}`` for its number; one more part may
        stand before it (``bert.encoder…``).
    parts : mapping
        ``query``, ``key``, ``value`` → name of the projection inside the module.
    layer_count : callable
        Configuration → number of layers.
    plan : callable
        Configuration, layer number → LayerPlan.
    causal : callable
        Configuration → whether tokens see only what is before them.
    biases : callable
        Configuration → whether queries, keys and values have biases; None if it does not say.
    reads : frozenset of str
        Fields of the configuration about attention that these functions look at.
    fused : str
        Name of the one projection that holds all three, in ``Conv1D`` layout (in, out), for
        families that have it instead; ``parts`` are then what must not be there.
    beside : frozenset of str
        Other names inside the module, which do not change logits or values.
    notes : callable
        Configuration → remarks for the user.
    """

    name: str
    model_types: frozenset[str]
    module: str
    parts: Mapping[str, str]
    layer_count: Callable[[Config], int]
    plan: Callable[[Config, int], LayerPlan]
    causal: Callable[[Config], bool]
    biases: Callable[[Config], bool | None]
    reads: frozenset[str]
    fused: str = ""
    beside: frozenset[str] = frozenset()
    notes: Callable[[Config], tuple[str, ...]] = lambda _config: ()

    @property
    def example(self) -> str:
        """The tensor name that is looked for first."""
        part = self.fused or self.parts["query"]
        return f"{self.module.format(layer='N')}.{part}.weight"
