"""Leaky accumulator with a full 24-bit input, cleared when it passes its threshold."""
