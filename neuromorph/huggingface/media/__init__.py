"""Calibrate on images and recordings: files and arrays, to what a model is called with."""

from neuromorph.huggingface.media.collect import collect_media

__all__ = ["collect_media"]
