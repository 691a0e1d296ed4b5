"""A whole model on disk: its integers, its tokenizer, and where they came from."""

from neuromorph.bundle.whole.bundle import (
    WHOLE_FOLDER,
    WholeBundle,
    load_whole,
    save_whole,
)
from neuromorph.bundle.whole.streams import Streams
from neuromorph.bundle.whole.text import Chat, Text

__all__ = ["WHOLE_FOLDER", "Chat", "Streams", "Text", "WholeBundle", "load_whole", "save_whole"]
