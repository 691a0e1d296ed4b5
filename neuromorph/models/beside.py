"""The small files beside a model's weights that transformers opens by their names."""

from __future__ import annotations

import re
from pathlib import Path

from neuromorph.errors import FileFormatError, MissingFileError
from neuromorph.files.opening import RegularFile
from neuromorph.files.sniff import HEAD_BYTES, refuse_not_fetched, refuse_other

_OPENED = re.compile(
    r"(config|generation_config|preprocessor|processor|tokenizer|special_tokens|added_tokens|vocab"
    r"|chat_template|merges|spiece|sentencepiece|spm|source|target|bpe|dict|unigram|adapter_config)"
    r"[\w.-]*\.(json|txt|model|jinja|spm|vocab|bpe|tiktoken)|(vocab|bpe)\.\w+")
_ADAPTER = "adapter_config.json"
_FIRST = re.compile(r"shard-\d{5}-model-\d{5}-of-\d{5}\.safetensors")
"""Files of distributed training: transformers takes them before ``model.safetensors``."""


def check_beside(folder: Path) -> None:
    """Refuse what is not a plain file, or is not what it is called; links to files are followed.

    Raises
    ------
    MissingFileError, FileFormatError
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise MissingFileError("the folder cannot be read", where=folder,
                               found=error.strerror) from error
    for entry in entries:
        if _OPENED.fullmatch(entry.name):
            _check(entry)
        if _FIRST.fullmatch(entry.name):
            raise FileFormatError("the folder holds a part of a distributed checkpoint",
                                  where=folder, found=entry.name,
                                  expected="model.safetensors or its index, and no other weights")
    if any(entry.name == _ADAPTER for entry in entries):
        raise FileFormatError("an adapter lies beside the weights, which do not have it in them",
                              where=folder, found=_ADAPTER,
                              hint="merge it into the model and save that")


def _check(path: Path) -> None:
    with RegularFile(path) as file:
        head = bytes(file.read(0, min(file.size, HEAD_BYTES)))
    if path.suffix == ".json":
        refuse_other(head, "a JSON file", path, allowed="a JSON",
                     hint="give the file that was saved under this name")
    else:
        refuse_not_fetched(head, f"a {path.suffix} file", path)
