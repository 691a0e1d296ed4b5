"""Trained weights in: files of tensors to attention heads. Nothing here needs torch."""

from neuromorph.models.door import open_model, open_tensors
from neuromorph.models.heads import AttentionLayer, AttentionModel
from neuromorph.models.rotary import LinearScaling, Llama3Scaling, Rotary
from neuromorph.models.source import TensorSource

__all__ = [
    "AttentionLayer",
    "AttentionModel",
    "LinearScaling",
    "Llama3Scaling",
    "Rotary",
    "TensorSource",
    "open_model",
    "open_tensors",
]
