"""A bundle of memories: layers of the gated delta rule and of linear attention, in integers."""

from neuromorph.bundle.memories.bundle import (
    KIND,
    MEMORIES_FOLDER,
    MemoriesBundle,
    load_memories,
    save_memories,
)

__all__ = ["KIND", "MEMORIES_FOLDER", "MemoriesBundle", "load_memories", "save_memories"]
