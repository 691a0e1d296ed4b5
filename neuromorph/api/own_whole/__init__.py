"""Whole models whose tensors have names of a person's own."""

from neuromorph.api.own_whole.original import own_original
from neuromorph.api.own_whole.source import is_own, own_source, read_tokens

__all__ = ["is_own", "own_original", "own_source", "read_tokens"]
