"""Folders that transformers wrote: tiny models with a tokenizer of a few words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hf_models import FAMILIES, Family

PASSAGES = ["the best key fires late .", "a neuron learns and then fires ,",
            "the query matches the value and the key .", "a late spike writes , a neuron reads"]
WORDS = sorted({word for passage in PASSAGES for word in passage.split()})


def save_tokenizer(folder: Path) -> Any:
    """A WordPiece tokenizer of a few words."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]), "utf-8")
    tokenizer = transformers.BertTokenizer(vocab=str(folder / "vocab.txt"), model_max_length=90)
    tokenizer.save_pretrained(folder)
    return tokenizer


def save_model(folder: Path, family: Family = FAMILIES["bert"], **sizes: Any) -> Path:
    save_tokenizer(folder)
    family.build(**sizes).save_pretrained(folder)
    return folder
