"""A vision transformer for 8×8 digits, small enough to ship and useless without its attention."""

from neuromorph.models.digits.attention import Attend, softmax_attention, uniform_attention
from neuromorph.models.digits.config import DigitsConfig
from neuromorph.models.digits.data import DigitsSplit, Part, load_split
from neuromorph.models.digits.vit import WEIGHTS, DigitsViT

__all__ = [
    "WEIGHTS",
    "Attend",
    "DigitsConfig",
    "DigitsSplit",
    "DigitsViT",
    "Part",
    "load_split",
    "softmax_attention",
    "uniform_attention",
]
