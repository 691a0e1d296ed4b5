"""Trained weights in: files of tensors to attention heads. Nothing here needs torch."""

from neuromorph.models.door import open_model, open_tensors
from neuromorph.models.heads import AttentionLayer, AttentionModel
from neuromorph.models.own import Naming, read_naming
from neuromorph.models.rotary import LinearScaling, Llama3Scaling, Rotary
from neuromorph.models.source import TensorSource

__all__ = [
    "AttentionLayer",
    "AttentionModel",
    "LinearScaling",
    "Llama3Scaling",
    "Naming",
    "Rotary",
    "TensorSource",
    "open_model",
    "open_tensors",
    "read_naming",
]
