"""The door for trained models: a path in, attention heads out."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from pathlib import Path

from neuromorph.errors import FileFormatError, MissingFileError, UsageError
from neuromorph.files.opening import StrPath
from neuromorph.files.safetensors_file import SafetensorsFile
from neuromorph.files.shards import INDEX_NAME, ShardedFile
from neuromorph.models.config import Config, parse_config, read_config
from neuromorph.models.families.build import bias_note, build_layer
from neuromorph.models.families.choose import declared_family, find_family
from neuromorph.models.families.fields import check_fields
from neuromorph.models.gguf_heads import SUFFIX, gguf_model
from neuromorph.models.guard import check_attention, check_model
from neuromorph.models.heads import AttentionModel
from neuromorph.models.onnx_graph import onnx_model
from neuromorph.models.own import OWN, Naming, own_model
from neuromorph.models.own.naming import naming_of
from neuromorph.models.own.telling import way
from neuromorph.models.positions import positions_of
from neuromorph.models.source import TensorSource, provenance
from neuromorph.models.torch_file import SUFFIXES, TORCH_INDEX, TORCH_NAME, TorchFile

WEIGHTS_NAME = "model.safetensors"
CONFIG_NAME = "config.json"
ONNX = ".onnx"

_ONE_SHARD = re.compile(r"-\d{5}-of-(\d{5})\.(safetensors|bin)$")
_OTHER_WEIGHTS = (*SUFFIXES, ".pkl", ".gguf", ".onnx", ".h5", ".msgpack", ".safetensors")


def open_model(path: StrPath, naming: Naming | None = None) -> AttentionModel:
    """Read the attention heads of a trained model.

    Parameters
    ----------
    path : str or path-like
        A folder with ``config.json`` and ``model.safetensors`` or ``pytorch_model.bin`` (or an
        index and its shards), or one file whose configuration is in its metadata, under
        ``config``, or in a ``config.json`` beside it.
    naming : Naming, optional
        Of a model whose tensors have names of a person's own: which of them is what, and its
        heads. A configuration whose ``model_type`` is ``own`` says the same.

    Returns
    -------
    AttentionModel
        All attention layers in float32; nothing stays open.

    Raises
    ------
    InputError
        When a file is missing or invalid, or its tensors do not make up attention heads.
    """
    place = Path(path)
    if place.suffix.lower() == ONNX:
        return onnx_model(place, naming)
    if place.suffix.lower() == SUFFIX:
        return gguf_model(place, naming)
    with closing(open_tensors(place)) as source:
        config, said = said_of(source, place, naming)
        return _known_model(source, config) if said is None else own_model(source, said)


def said_of(source: TensorSource, place: Path, naming: Naming | None
            ) -> tuple[Config, Naming | None]:
    """A model's configuration, and what it and a person say of names of its own, if it has such.

    Raises
    ------
    InputError
    """
    config = _config_of(source, place if _is_folder(place) else place.parent, naming)
    return config, _naming_of(config, naming, source)


def _known_model(source: TensorSource, config: Config) -> AttentionModel:
    check_model(source, config)
    family = find_family(source.names, config, source.path)
    check_fields(config, family.reads)
    located = check_attention(family, config, source.names, source.path)
    plans = [family.plan(config, number) for number in range(len(located))]
    layers = tuple(map(partial(build_layer, source), located, plans))
    promised = family.biases(config)
    notes = [note for layer in located if (note := bias_note(layer, promised)) is not None]
    used = [name for layer in located for name in layer.tensors.values()]
    return AttentionModel(family.name, layers, family.causal(config), provenance(source, used),
                          (*family.notes(config), *notes), positions_of(config))


def _naming_of(config: Config, given: Naming | None, source: TensorSource) -> Naming | None:
    """What a person and the configuration say of own names; None of a model that is known."""
    if config.fields.get("model_type") == OWN:
        own = naming_of(config.fields, config.where)
        return own if given is None else own.joined(given)
    family = declared_family(source.names, config) if _declares(config) else None
    if given is not None and family is not None:
        raise UsageError("this model's names are known, and its configuration says the rest",
                         where=source.path, found=f"family {family.name}",
                         hint="leave out --map, --heads and what belongs to them")
    return given


def _declares(config: Config) -> bool:
    return any(isinstance(config.fields.get(name), str) for name in ("model_type", "family"))


def open_tensors(path: StrPath) -> TensorSource:
    """The tensors of a model, unread: of a folder, a file, or an index. Close it after use."""
    place = Path(path)
    if _is_folder(place):
        return _open_folder(place)
    if place.name.endswith(".index.json"):
        return _sharded(place)
    shard = _ONE_SHARD.search(place.name)
    if shard and int(shard[1]) > 1:
        raise FileFormatError("this is one shard of a model", where=place,
                              expected="the folder that holds all of them and their index")
    return TorchFile(place) if place.suffix.lower() in SUFFIXES else SafetensorsFile(place)


def _sharded(index: Path) -> ShardedFile:
    if index.name.endswith(".bin.index.json"):
        return ShardedFile(index, ".bin", TorchFile)
    return ShardedFile(index)


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except OSError:  # opening it as a file will say what is wrong
        return False


def _open_folder(folder: Path) -> TensorSource:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise MissingFileError("the folder cannot be read", where=folder,
                               found=error.strerror) from error
    # The single file first, as Hugging Face does when a folder has both.
    if WEIGHTS_NAME in names:
        return SafetensorsFile(folder / WEIGHTS_NAME)
    if INDEX_NAME in names:
        return ShardedFile(folder / INDEX_NAME)
    if TORCH_NAME in names:
        return TorchFile(folder / TORCH_NAME)
    if TORCH_INDEX in names:
        return _sharded(folder / TORCH_INDEX)
    others = [name for name in names if name.endswith(_OTHER_WEIGHTS)]
    raise MissingFileError(f"the folder has neither {WEIGHTS_NAME} nor {INDEX_NAME}", where=folder,
                           found=", ".join(others) or None,
                           hint=_way_on(others))


def _way_on(others: list[str]) -> str:
    """What the owner of a folder without safetensors can do."""
    if any(name.endswith(".gguf") for name in others):
        return "give the .gguf file itself"
    if any(name.endswith(SUFFIXES) for name in others):
        return (f"weights of a folder are called {WEIGHTS_NAME} or {TORCH_NAME}: save the model "
                "again with save_pretrained, or give the file of weights itself")
    return "give a folder that Hugging Face's save_pretrained wrote, or a .safetensors file"


def _config_of(source: TensorSource, folder: Path, naming: Naming | None) -> Config:
    """The configuration inside the file, which cannot be mixed up, or the one beside it."""
    if source.configuration is not None:
        return parse_config(source.configuration, f"{source.path}: metadata 'config'")
    try:
        return read_config(folder / CONFIG_NAME)
    except MissingFileError as error:
        if naming is not None:
            return Config({}, source.path)
        raise MissingFileError(f"the model's {CONFIG_NAME} cannot be read: {error.what}",
                               where=source.path, expected=f"{CONFIG_NAME} beside the weights, or "
                               "a configuration in their metadata",
                               hint=f"if the model is your own, {way(source)}") from error
