"""Whole models whose tensors have names of a person's own."""

from neuromorph.api.own_whole.source import is_own, own_source

__all__ = ["is_own", "own_source"]
