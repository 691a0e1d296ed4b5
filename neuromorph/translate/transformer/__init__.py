"""From a whole trained transformer to integers."""

from neuromorph.translate.transformer.chain import Decoder, LayerReport
from neuromorph.translate.transformer.floats import FloatEmbedding, FloatHead, FloatTransformer
from neuromorph.translate.transformer.translate import (
    TranslatedTransformer,
    translate_transformer,
)

__all__ = ["Decoder", "FloatEmbedding", "FloatHead", "FloatTransformer", "LayerReport",
           "TranslatedTransformer", "translate_transformer"]
