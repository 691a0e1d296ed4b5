"""How far each layer of Llama's relatives looks back, read as transformers reads it.

Llama never slides. Mistral slides in every layer, unless its window is null. Qwen2 and Qwen3
slide where ``layer_types`` says so, or from layer ``max_window_layers`` on, and only with
``use_sliding_window``.
"""

from __future__ import annotations

from neuromorph.errors import ModelStructureError
from neuromorph.models.config import Config

_WINDOW = 4096
_FULL_UP_TO = 28
_FULL, _SLIDING = "full_attention", "sliding_attention"
_OLD_NAMES = {"attention": _FULL}


def read_window(config: Config, layer: int) -> int | None:
    """Tokens that a token of this layer sees; None for all.

    Raises
    ------
    ModelStructureError
        When ``layer_types`` is of another length, names another kind of layer, or says of a
        layer what models of this type do not do.
    """
    kinds = _kinds(config)
    model = config.text("model_type")
    if model in {"qwen2", "qwen3"}:
        return _qwen2(config, kinds, layer)
    window = _size(config) if model == "mistral" else None
    if kinds and kinds[layer] != (_FULL if window is None else _SLIDING):
        raise ModelStructureError(f"layer_types says of layer {layer} what a {model} does not do",
                                  where=config.where, found=kinds[layer],
                                  expected="all layers alike: is it a model of another type?")
    return window


def window_notes(config: Config) -> tuple[str, ...]:
    """What stands in the configuration, but is not looked at in models of its type."""
    model = config.text("model_type")
    if model == "llama" and config.has("sliding_window"):
        return ("sliding_window has no effect on a llama, as in transformers",)
    if model == "mistral" and config.has("sliding_window") and not config.flag(
            "use_sliding_window", default=True):
        return ("use_sliding_window has no effect on a mistral, as in transformers: it slides",)
    return ()


def _qwen2(config: Config, kinds: tuple[str, ...], layer: int) -> int | None:
    window = _size(config) if config.flag("use_sliding_window", default=False) else None
    if kinds:
        if kinds[layer] == _FULL:
            return None
        if window is None:
            raise ModelStructureError(f"layer {layer} is to slide, but there is no window",
                                      where=config.where,
                                      expected="sliding_window, and use_sliding_window")
        return window
    first = (config.count("max_window_layers", low=0) if config.gives("max_window_layers")
             else _FULL_UP_TO)
    return window if layer >= first else None


def _size(config: Config) -> int | None:
    """Null means none; not there at all means the value of the first Mistral."""
    if config.gives("sliding_window") and not config.has("sliding_window"):
        return None
    return config.count("sliding_window", default=_WINDOW)


def _kinds(config: Config) -> tuple[str, ...]:
    """The kind of every layer; empty when the configuration does not say."""
    if not config.has("layer_types"):
        return ()
    kinds = tuple(_OLD_NAMES.get(kind, kind) for kind in config.texts("layer_types"))
    layers = config.count("num_hidden_layers")
    if len(kinds) != layers:
        raise ModelStructureError("layer_types does not name every layer once", where=config.where,
                                  found=f"{len(kinds)} kinds", expected=f"{layers} layers")
    other = [kind for kind in kinds if kind not in (_FULL, _SLIDING)]
    if other:
        raise ModelStructureError("layer_types names a kind of layer that is not supported",
                                  where=config.where, found=other[0][:80],
                                  expected=f"{_FULL} or {_SLIDING}")
    return kinds
