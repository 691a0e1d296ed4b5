"""Trained transformer blocks into the integers of a spiking one: codes, scales, proofs, losses."""

from neuromorph.translate.block.activations import CURVES, Curve, curve_of
from neuromorph.translate.block.compared import Closeness, compare_block
from neuromorph.translate.block.float_norm import FloatNorm, Linear
from neuromorph.translate.block.floats import FloatBlock, Trace
from neuromorph.translate.block.options import BlockOptions
from neuromorph.translate.block.prove import prove_block
from neuromorph.translate.block.translate import translate_block
from neuromorph.translate.block.translated import TranslatedBlock, joined

__all__ = ["CURVES", "BlockOptions", "Closeness", "Curve", "FloatBlock", "FloatNorm", "Linear",
           "Trace", "TranslatedBlock", "compare_block", "curve_of", "joined", "prove_block",
           "translate_block"]
