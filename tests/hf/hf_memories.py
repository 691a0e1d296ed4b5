"""Folders of tiny models with memories, as transformers writes them, and a text."""

from __future__ import annotations

from pathlib import Path

from hf_delta import minimax, qwen3_next
from hf_folders import PASSAGES, save_tokenizer

MAKERS = {"qwen3_next": qwen3_next, "minimax": minimax}


def save_folder(folder: Path, family: str) -> Path:
    """A model with its tokenizer."""
    save_tokenizer(folder)
    MAKERS[family]().save_pretrained(folder)
    return folder


def save_text(path: Path) -> Path:
    """Passages long enough that memories matter."""
    path.write_text("\n".join(" ".join([*PASSAGES[i:], *PASSAGES[:i]] * 3)
                              for i in range(4)), "utf-8")
    return path
