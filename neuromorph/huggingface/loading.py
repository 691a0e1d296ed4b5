"""A Hugging Face folder or GGUF file to a live model, after the guard has looked at it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from neuromorph.errors import (
    FileFormatError,
    InputError,
    MissingExtraError,
    MissingFileError,
    ModelStructureError,
    NeuromorphError,
    brief,
)
from neuromorph.files.gguf_file import GgufFile
from neuromorph.huggingface.gguf_reading import read_once
from neuromorph.memory import require
from neuromorph.models import TensorSource, open_tensors
from neuromorph.models.beside import check_beside
from neuromorph.models.config import read_config
from neuromorph.models.door import CONFIG_NAME
from neuromorph.models.families.choose import declared_family
from neuromorph.models.gguf_guard import check_gguf, check_loaded
from neuromorph.models.guard import check_attention, check_model, check_unused
from neuromorph.models.torch_file import TorchFile

Weights = TensorSource | GgufFile

_NOT_NEEDED = "pooler"
"""Weights that may be missing: nothing that attends comes after them."""

_FREE = 1 << 24
"""Numbers that a model may have beyond twice those of its file."""

_WORDS = re.compile(r"tokenizer|vocab|merges|.*\.(model|spm|tiktoken|bpe)$")
"""Files that a tokenizer is made of, by how their names begin or end."""

_LOCAL: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""Nothing is downloaded, and no code that came with a model is run."""

_GENERATION = "generation_config.json"

_SILENCED = "above report"
"""What transformers says when it has logged a table, which is not shown here."""


def open_weights(path: Path) -> Weights:
    """The files that transformers would take a model's weights from, guarded; close them.

    Raises
    ------
    InputError
    """
    if path.is_dir():
        return _open_folder(path)
    if not path.exists():
        raise MissingFileError("there is no such model", where=path)
    if path.suffix.lower() != ".gguf":
        raise FileFormatError("a model that is run on data is a folder or a GGUF file",
                              where=path, hint="give the Hugging Face folder; a PyTorch model of "
                              "your own runs in Python alone, by neuromorph.attach")
    file = GgufFile(path)
    with _closed_on_error(file):
        check_gguf(file)
        check_beside(path.parent)
    return file


def load_model(path: Path, *, causal: bool = False) -> tuple[Any, Any]:
    """A model and its tokenizer, in float32 and ``eval`` mode.

    Nothing is downloaded, no code that came with the model is run and nothing is unpickled.

    Parameters
    ----------
    path : Path
    causal : bool
        Whether a folder's model is asked for with its language-model head; a GGUF file's has it.

    Raises
    ------
    MissingExtraError, InputError
    """
    _, auto, speaking = _libraries()
    with closing(open_weights(path)) as weights, quietly():
        if isinstance(weights, GgufFile):
            with read_once():
                return _load(speaking, path.parent, weights, {**_LOCAL, "gguf_file": path.name})
        return _load(speaking if causal else auto, path, weights, _LOCAL)


def load_wordless(path: Path, *, classes: bool = False) -> Any:
    """A folder's model without a tokenizer, which one of images or sound has not.

    Parameters
    ----------
    path : Path
    classes : bool
        Whether it is asked for with its head that tells classes of images.

    Raises
    ------
    MissingExtraError, InputError
    """
    kind: Any = _libraries()[1]
    if classes:
        from transformers import AutoModelForImageClassification

        kind = AutoModelForImageClassification
    with closing(open_weights(path)) as weights, quietly():
        return _load(kind, path, weights, _LOCAL, words=False)[0]


def _libraries() -> tuple[Any, Any, Any]:
    """Torch, and transformers' ways to a model without a head and with that of a language."""
    try:
        import torch
        from transformers import AutoModel, AutoModelForCausalLM
    except ImportError as error:
        raise MissingExtraError("running a model needs torch and transformers",
                                found=str(error), hint="pip install 'neuromorph[hf]'") from error
    return torch, AutoModel, AutoModelForCausalLM


def _open_folder(folder: Path) -> TensorSource:
    source = open_tensors(folder)
    with _closed_on_error(source):
        check_beside(folder)
        config = read_config(folder / CONFIG_NAME)
        check_model(source, config)
        family = declared_family(source.names, config)
        if family is not None:
            check_attention(family, config, source.names, source.path)
    return source


def _load(kind: Any, where: Path, weights: Weights, local: Mapping[str, Any], *,
          words: bool = True) -> tuple[Any, Any]:
    from transformers import AutoConfig

    with as_error(FileFormatError, "transformers cannot load this model", weights.path):
        _check_type(weights, where)
        config = AutoConfig.from_pretrained(where, **local)
        config._attn_implementation = None  # a kernel that may not be here: ours takes its place
        _check_class(config, weights)
        empty = _checked_size(kind, config, weights)
        tokenizer = _tokenizer(where, local) if words else None
        if words and not isinstance(weights, GgufFile):
            _check_vocabulary(where, tokenizer)
        # Shapes that differ are reported below, by name.
        told: dict[str, Any] = {"config": config, "dtype": "float32", "output_loading_info": True,
                                "ignore_mismatched_sizes": True, **local}
        if not isinstance(weights, GgufFile) and _of_torch(weights):
            model, loaded = _filled(type(empty), where, weights, told)
        else:
            only = {} if isinstance(weights, GgufFile) else {"use_safetensors": True}
            model, loaded = kind.from_pretrained(where, **only, **told)
    _check_loaded(model, loaded, weights)
    return model.eval(), tokenizer


def _of_torch(weights: TensorSource) -> bool:
    """Whether weights are a pickle, which a child has read and transformers must not."""
    return any(isinstance(file, TorchFile) for file in weights.files)


def _filled(kind: Any, where: Path, weights: TensorSource, told: Mapping[str, Any]) -> Any:
    """A model of tensors, without a path; with its folder's way of generating text."""
    import torch
    from transformers import GenerationConfig

    require(2 * sum(4 * math.prod(shape) for shape in _shapes(weights)), weights.path)
    state = {name: torch.from_numpy(weights.read(name)) for name in weights.names}
    model, loaded = kind.from_pretrained(None, state_dict=state, **told)
    if model.can_generate() and (where / _GENERATION).exists():
        model.generation_config = GenerationConfig.from_pretrained(where, local_files_only=True)
    return model, loaded


def _check_type(weights: Weights, where: Path) -> None:
    from transformers import CONFIG_MAPPING

    if isinstance(weights, GgufFile):
        return
    config = read_config(where / CONFIG_NAME)
    declared = config.text("model_type")
    if declared not in CONFIG_MAPPING:
        raise ModelStructureError("the installed transformers knows no models of this type",
                                  where=config.where, found=declared[:80],
                                  hint="code that comes with a model is never run; a newer "
                                  "transformers may know the type")


def _check_class(config: Any, weights: Weights) -> None:
    """A few classes read files of weights beside those that everybody reads."""
    others = getattr(type(config), "extra_files", ())
    if others:
        raise ModelStructureError("models of this type keep weights in other files too",
                                  where=weights.path, found=", ".join(others))


def _checked_size(kind: Any, config: Any, weights: Weights) -> Any:
    """Build the model without its numbers, and refuse one that the file could never fill."""
    import torch

    with torch.device("meta"):
        empty = kind.from_config(config, trust_remote_code=False)
    tensors = [*empty.parameters(), *empty.buffers()]
    held = sum(math.prod(shape) for shape in _shapes(weights))
    asked = sum(tensor.numel() for tensor in tensors)
    if asked > 2 * held + _FREE:
        raise ModelStructureError("the configuration asks for a larger model than the file holds",
                                  where=weights.path, found=f"{asked} numbers",
                                  expected=f"about {held}")
    return empty


def _shapes(weights: Weights) -> Iterator[tuple[int, ...]]:
    if isinstance(weights, GgufFile):
        return (tensor.shape for tensor in weights.tensors.values())
    return (weights.info(name).shape for name in weights.names)


def _check_loaded(model: Any, loaded: Mapping[str, Any], weights: Weights) -> None:
    """transformers fills in what a file lacks with random numbers, and lets the rest lie."""
    for name, found, expected in sorted(loaded["mismatched_keys"]):
        raise ModelStructureError("a tensor's shape is not what the configuration says",
                                  where=f"{weights.path}: {name}", found=list(found),
                                  expected=list(expected))
    missing = sorted(name for name in loaded["missing_keys"] if _NOT_NEEDED not in name)
    if missing:
        raise FileFormatError("the file lacks weights that the model needs", where=weights.path,
                              found=f"{len(missing)} missing", expected=f"{missing[0]}, …")
    if isinstance(weights, GgufFile):
        check_loaded(weights, set(model.state_dict()), _rope(model.config))
        return
    dtypes = {name: weights.info(name).dtype for name in weights.names}
    check_unused(loaded["unexpected_keys"], dict(model.named_modules()), model.base_model_prefix,
                 dtypes, weights.path)


def _rope(config: Any) -> str:
    """How a configuration scales its rotary positions."""
    scaling = getattr(config, "rope_parameters", None) or {}
    return str(scaling.get("rope_type", "default"))


def _tokenizer(where: Path, local: Mapping[str, Any]) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(where, **local)
    except (KeyError, OSError, TypeError, ValueError) as error:
        if "gguf_file" in local or any(_WORDS.match(entry.name) for entry in where.iterdir()):
            raise
        raise MissingFileError("the folder has no tokenizer", where=where,
                               hint="save it there with tokenizer.save_pretrained; a model of "
                               "images is calibrated on arrays (.npz)") from error


def _check_vocabulary(folder: Path, tokenizer: Any) -> None:
    """Without its files, transformers makes a tokenizer that knows no word."""
    names = list(tokenizer.vocab_files_names.values())
    if names and not any((folder / name).exists() for name in names):
        raise MissingFileError("the folder has no tokenizer", where=folder,
                               expected=" or ".join(names),
                               hint="save it there with tokenizer.save_pretrained")


@contextmanager
def _closed_on_error(weights: Weights) -> Iterator[None]:
    try:
        yield
    except BaseException:
        weights.close()
        raise


@contextmanager
def quietly() -> Iterator[None]:
    """No progress bars and no advice on standard error; the caller has words of its own."""
    from transformers import modeling_gguf_pytorch_utils as gguf
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    own = getattr(gguf, "tqdm", None)  # a bar of its own, which logging does not know
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if own is not None:
        gguf.tqdm = logging.tqdm
    try:
        yield
    finally:
        if own is not None:
            gguf.tqdm = own
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def as_error(kind: type[InputError], what: str, where: object) -> Iterator[None]:
    """Whatever a library raises on files and inputs that do not fit, as one error of ours."""
    try:
        yield
    except (NeuromorphError, MemoryError):
        raise
    except Exception as error:
        found = brief(error)
        if _SILENCED in found:
            found = "weights that do not fit this kind of model"
        raise kind(what, where=where, found=found) from error
