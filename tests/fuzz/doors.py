"""All readers that are tried, by name."""

from __future__ import annotations

from importlib.util import find_spec

import door_bundle
import door_gguf
import door_index
import door_layers
import door_media
import door_memories
import door_model
import door_npz
import door_own
import door_profile
import door_program
import door_rule
import door_safetensors
import door_text
import door_whole
from fuzz_engine import Reader

READERS: dict[str, Reader] = {reader.name: reader for reader in (
    door_safetensors.READER, door_index.READER, door_model.READER, door_gguf.READER,
    door_npz.READER,
    door_bundle.MANIFESTS, door_bundle.BUNDLES, door_bundle.NETWORKS, door_profile.READER,
    door_program.PROGRAMS, door_program.PLACED, door_rule.READER, door_text.NETWORKS,
    door_text.PROGRAMS, door_whole.READER, door_memories.READER, door_own.READER,
    door_media.READER, door_layers.READER,
)}
if find_spec("onnx"):
    import door_onnx

    READERS[door_onnx.READER.name] = door_onnx.READER
