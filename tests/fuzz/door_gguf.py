"""GGUF headers: counts, lengths, types and offsets that are wrong, alone and together."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from random import Random
from typing import Any

from fuzz_engine import Reader
from fuzz_values import INTEGERS, TEXTS, near_text
from mutate_bytes import maybe

from neuromorph.files.gguf_file import TYPES, GgufFile
from neuromorph.models.gguf_guard import check_gguf

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q",
           11: "<q", 12: "<d"}
TEXT, ARRAY = 8, 9
FIELDS: tuple[tuple[str, int, Any], ...] = (
    ("general.architecture", TEXT, "llama"), ("general.alignment", 4, 32),
    ("llama.block_count", 4, 1), ("llama.context_length", 4, 64), ("llama.rope.freq_base", 6, 1e4),
    ("llama.attention.head_count", 4, 2), ("tokenizer.ggml.tokens", ARRAY, (TEXT, ["a", "b"])),
    ("tokenizer.ggml.scores", ARRAY, (6, [0.5, -1.0])), ("flag", 7, True))
Tensor = tuple[str, tuple[int, ...], int]
TENSORS: tuple[Tensor, ...] = (
    ("token_embd.weight", (8, 2), 0), ("blk.0.attn_q.weight", (32, 4), 8),
    ("blk.0.attn_k.weight", (8, 4), 1), ("blk.0.attn_q_norm.weight", (4,), 0))
NAMES = ("rope_freqs.weight", "blk.0.attn_q.weight", "blk.0.attn_q.scale", "general.alignment",
         "llama.expert_count", "blk.0.attn_q.bias", *TEXTS)
LARGE = tuple(n % 2**64 for n in INTEGERS)


class Writer:
    """Packs a file; each length and count is now and then another."""

    def __init__(self, rng: Random | None) -> None:
        self.rng, self.done = rng, b""

    def says(self, share: float) -> bool:
        """Whether something is to be wrong here."""
        return self.rng is not None and self.rng.random() < share

    def number(self, code: str, value: int) -> None:
        """A whole number, which may be another."""
        if self.rng is not None and self.says(0.01):
            value = self.rng.choice((*LARGE, value + 1, value - 1))
        width = struct.calcsize(code)
        self.done += (value % 2**(8 * width)).to_bytes(width, "little")

    def text(self, text: str) -> None:
        """Length and bytes; the name may be another."""
        if self.rng is not None and self.says(0.02):
            text = self.rng.choice((near_text(self.rng, text), self.rng.choice(NAMES)))
        raw = text.encode("utf-8", "surrogatepass")
        self.number("<Q", len(raw))
        self.done += raw

    def value(self, kind: int, value: Any) -> None:
        """A type and what it announces."""
        if self.rng is not None and self.says(0.02):
            kind = self.rng.randrange(14)
        self.number("<I", kind)
        self._value(kind, value)

    def _value(self, kind: int, value: Any) -> None:
        if kind in SCALARS:
            self._scalar(SCALARS[kind], value)
        elif kind == ARRAY:
            inner, items = value if isinstance(value, tuple) else (TEXT, ["a"])
            if self.rng is not None and self.says(0.05):
                inner = self.rng.randrange(14)
            self.number("<I", inner)
            self.number("<Q", len(items))
            for item in items:
                self._value(inner, item)
        else:
            self.text(value if isinstance(value, str) else "text")

    def _scalar(self, code: str, value: Any) -> None:
        number = value if isinstance(value, int | float) else 1
        if self.rng is not None and self.says(0.05):
            number = self.rng.choice((*INTEGERS, 64, 0.5, float("nan"), float("inf")))
        if code[1] in "fd":
            self.done += struct.pack("<d", min(number, 1e300))[-struct.calcsize(code):]
        else:
            whole = int(number) if abs(number) < math.inf else 0
            width = struct.calcsize(code)
            self.done += (whole % 2**(8 * width)).to_bytes(width, "little")


def make(rng: Random | None, folder: Path) -> Path:
    path, out = folder / "model.gguf", Writer(rng)
    fields, tensors = list(FIELDS), list(TENSORS)
    if rng is not None:
        for entries in (fields, tensors):
            if rng.random() < 0.2:
                rng.shuffle(entries)
            if rng.random() < 0.2:
                entries.append(rng.choice(entries))
            if rng.random() < 0.2:
                entries.pop(rng.randrange(len(entries)))
    out.done = b"GGUF"
    out.number("<I", 3)
    out.number("<Q", len(tensors))
    out.number("<Q", len(fields))
    for name, kind, value in fields:
        out.text(name)
        out.value(kind, value)
    end = _entries(rng, out, tensors)
    data = out.done + b"\0" * (-len(out.done) % 32) + b"\0" * end
    path.write_bytes(data if rng is None else maybe(rng, data))
    return path


def _entries(rng: Random | None, out: Writer, tensors: list[Tensor]) -> int:
    """Tensors one behind the other; bytes of them all."""
    end = 0
    for name, shape, kind in tensors if rng is None else [_spoilt(rng, t) for t in tensors]:
        out.text(name)
        out.number("<I", len(shape))
        for size in shape:
            out.number("<Q", size)
        out.number("<I", kind)
        out.number("<Q", end)
        _, elements, width = TYPES.get(kind, ("", 1, 4))
        end += min(math.prod(shape) // elements * width, 4096)
        end += -end % 32
    return end


def _spoilt(rng: Random, tensor: Tensor) -> Tensor:
    """Now and then of another type or shape."""
    name, shape, kind = tensor
    if rng.random() < 0.05:
        kind = rng.choice((*TYPES, 4, 40, 2**31))
    if rng.random() < 0.05:
        shape = rng.choice((shape[::-1], (*shape, 1), (*shape, *LARGE[:3]), (), (0,), (2**62, 2),
                            (256,), (256, 3)))
    return name, shape, kind


def read(path: Path) -> None:
    file = GgufFile(path)
    try:
        check_gguf(file)
    finally:
        file.close()


READER = Reader("gguf", make, read)
