"""Models whose tensors have names of a person's own: a map says which of them is what."""

from neuromorph.models.own.assemble import own_model
from neuromorph.models.own.naming import OWN, Naming, read_naming

__all__ = ["OWN", "Naming", "own_model", "read_naming"]
