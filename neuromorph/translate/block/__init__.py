"""Trained transformer blocks into the integers of a spiking one: codes, scales, proofs, losses."""

from neuromorph.translate.block.compared import Closeness, compare_block
from neuromorph.translate.block.floats import FloatBlock, Linear, Trace
from neuromorph.translate.block.options import BlockOptions
from neuromorph.translate.block.prove import prove_block
from neuromorph.translate.block.translate import TranslatedBlock, translate_block

__all__ = ["BlockOptions", "Closeness", "FloatBlock", "Linear", "Trace", "TranslatedBlock",
           "compare_block", "prove_block", "translate_block"]
