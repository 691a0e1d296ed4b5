"""The guard of the text door for ``.gguf`` files: what transformers would leave out of them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection

from neuromorph.errors import FileFormatError, ModelStructureError, TensorError
from neuromorph.files.gguf_file import GgufFile
from neuromorph.files.tensor_names import shown

_SCALE = re.compile(r"[._]scale$")
_FOLDER = "give the Hugging Face folder of the same model"
_SIZES = ("embedding_length", "vocab_size", "attention.head_count", "attention.key_length",
          "feed_forward_length", "context_length")
_SIZE_FREE = 1 << 24

_NEEDS = (
    (re.compile(r"\.attn_[qk]_norm\."), re.compile(r"(q|k|query|key)\w*norm|norm_?(q|k)\b")),
    (re.compile(r"\.attn_(q|k|v|qkv)\.bias$"),
     re.compile(r"(q|k|v|qkv|query|key|value|attn|query_key_value)(_proj|_lin)?\.bias$")),
    (re.compile(r"\.attn_sinks\b"), re.compile(r"sinks?$")),
    (re.compile(r"\.attn_rel_b\b"), re.compile(r"relative_attention_bias|rel_pos|relative")),
)
"""A tensor of the file, and what some parameter of a model that applies it is called."""


def check_gguf(file: GgufFile) -> None:
    """Refuse what is in a file and would not be applied, or is asked for and not in it.

    Raises
    ------
    FileFormatError, ModelStructureError, TensorError
    """
    kind = file.metadata.get("general.architecture")
    if not isinstance(kind, str) or not kind:
        raise FileFormatError("the file does not say its architecture", where=file.path,
                              expected="general.architecture")
    for name, tensor in file.tensors.items():
        if name.split(".")[0] == "rope_freqs":
            raise ModelStructureError("the factors of rotary frequencies would be left out",
                                      where=file.path, found=shown(name), hint=_FOLDER)
        if _SCALE.search(name):
            raise ModelStructureError("a scale is in the file that is not applied",
                                      where=file.path, found=shown(name), hint=_FOLDER)
        if name.endswith("weight") and tensor.dtype.startswith("I") and tensor.dtype[1:].isdigit():
            raise TensorError(f"tensor {shown(name)} cannot be a weight: its dtype is "
                              f"{tensor.dtype}", where=file.path, expected="floats or blocks")
    _check_counts(file, kind)


def check_loaded(file: GgufFile, parameters: Collection[str], rope: str) -> None:
    """Refuse a model that lacks what its file has.

    Parameters
    ----------
    file : GgufFile
    parameters : collection of str
        Names of the parameters that the model has.
    rope : str
        Kind of scaling of rotary positions in the model's configuration.

    Raises
    ------
    ModelStructureError
    """
    for name in file.tensors:
        for there, needed in _NEEDS:
            if there.search(name) and not any(needed.search(own) for own in parameters):
                raise ModelStructureError("the model would run without a tensor that is in the "
                                          "file", where=file.path, found=shown(name), hint=_FOLDER)
    scaling = file.metadata.get(f"{file.metadata['general.architecture']}.rope.scaling.type")
    if scaling not in (None, "none", "default") and rope == "default":
        raise ModelStructureError("the scaling of rotary positions would be left out",
                                  where=file.path, found=scaling, hint=_FOLDER)


def _check_counts(file: GgufFile, kind: str) -> None:
    """Numbers that no model with these tensors can have."""
    numbers = sum(math.prod(tensor.shape) for tensor in file.tensors.values())
    limits = {"block_count": len(file.tensors), "expert_count": numbers,
              **dict.fromkeys(_SIZES, max(numbers, _SIZE_FREE))}
    for field, most in limits.items():
        found = file.metadata.get(f"{kind}.{field}", 0)
        if not isinstance(found, int) or not 0 <= found <= most:
            raise ModelStructureError(f"{kind}.{field} is more than the file can hold",
                                      where=file.path, found=found, expected=f"at most {most}")
