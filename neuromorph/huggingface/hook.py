"""The one attention function that transformers calls, and how it finds whose layer it serves.

transformers lets a model look its attention up by name. All our models share the name
``neuromorph``; which layer of which model calls is told by the module that is passed in.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from numpy.typing import NDArray

from neuromorph import threads
from neuromorph.errors import BackendError, MissingExtraError, UnsupportedError
from neuromorph.huggingface.gradient import without_gradient
from neuromorph.huggingface.masks import (
    Tensor,
    added_to_logits,
    boolean_mask,
    with_sink_added,
    with_sink_in_sight,
    without_faint,
)
from neuromorph.shown import Shown

NAME = "neuromorph"

_UNSUPPORTED = {
    "indices": "a sparse choice of keys",
    "block_indices": "a sparse choice of keys",
    "cache": "a paged cache",
}
"""What a model may pass that a `Call` has no room for."""


@dataclass(frozen=True, eq=False, repr=False)
class Call(Shown):
    """One attention call of one layer, as torch tensors.

    ``queries`` (batch, heads, queries, size) are to be multiplied by ``scale``; keys and values
    may have fewer heads; ``given`` is the mask as the model sends it, if it does, and ``causal``
    says how to do without. What softmax is given besides::

        logits = softcap tanh(scale q·k / softcap) + bias
        weights = exp(logits) / (Σ exp(logits) + exp(sink))

    ``bias``, float, in nats, broadcasts to (batch, heads, queries, keys), and means nothing where
    the mask hides; ``sink``, of shape (heads,), is one logit a head whose value is 0. None of the
    three: left out. A sink is one more key in front of all others, in what `stored`, `mask`,
    `added` and `floats` say: key and value are 0, and its bias is the logit.
    """

    layer: str
    queries: Tensor
    keys: Tensor
    values: Tensor
    given: Tensor | None
    causal: bool
    scale: float
    bias: Tensor | None = None
    sink: Tensor | None = None
    softcap: float | None = None

    def check_kind(self) -> None:
        """Refuse a soft cap that is none; what a cap costs is judged by calibration.

        Raises
        ------
        UnsupportedError
        """
        if self.softcap is not None and not 0 < self.softcap < float("inf"):
            raise UnsupportedError("a soft cap of logits must be positive", where=self.layer,
                                   found=self.softcap)

    @cached_property
    def stored(self) -> tuple[Tensor, Tensor]:
        """Keys and values, those of a sink in front."""
        from torch.nn.functional import pad

        if self.sink is None:
            return self.keys, self.values
        return pad(self.keys, (0, 0, 1, 0)), pad(self.values, (0, 0, 1, 0))

    @cached_property
    def mask(self) -> Tensor:
        """True where a query may look, shape (batch, queries, keys).

        Raises
        ------
        UnsupportedError
            If the mask adds what no circuit can, or differs between heads.
        """
        seen = boolean_mask(self.given, self.queries, self.keys, causal=self.causal,
                            where=self.layer)
        if self._bias is not None:
            seen = without_faint(seen, self._bias)
        return seen if self.sink is None else with_sink_in_sight(seen)

    @cached_property
    def added(self) -> Tensor | None:
        """What bias, mask and sink add, (batch or 1, heads or 1, queries or 1, keys)."""
        if self.sink is None:
            return self._bias
        return with_sink_added(self._bias, self.sink, self.keys.shape[2])

    @cached_property
    def _bias(self) -> Tensor | None:
        """What bias and mask add."""
        return added_to_logits(self.given, self.bias, self.keys.shape[2])

    def floats(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Queries, keys and values in float32; without a copy where it can be.

        Raises
        ------
        UnsupportedError
            If the tensors only stand for numbers.
        """
        import torch

        try:
            queries, keys, values = (tensor.detach().float().cpu().numpy()
                                     for tensor in (self.queries, *self.stored))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise no_numbers(self.layer) from error
        return queries, keys, values


def no_numbers(where: str) -> UnsupportedError:
    """The error for tensors that only stand for numbers."""
    return UnsupportedError("the model was called on tensors without numbers of their own",
                            where=where, hint="spikes run on numbers: not under torch.func or "
                            "torch.export, nor on the meta device")


Handler: TypeAlias = Callable[[Call], Tensor]
"""Returns the context, (batch, heads, queries, value_size), of any float type.

It must not hold the model, which would then live forever.
"""


class NoInterfaceError(UnsupportedError):
    """A transformers model that computes its attention by itself."""


class Connection:
    """A model whose attention calls go to a handler, until it is closed.

    Connections nest: closing one gives the model back to the one before, or to itself.

    Attributes
    ----------
    handler : callable
    names : list of (config, str)
        The attention that each of the model's configurations asked for.
    """

    way = "interface"

    def __init__(self, model: Any, handler: Handler) -> None:
        _register()
        threads.limit_torch()
        configs = _configs(model)
        self.handler = handler
        self.names = [(config, _own_name(model, config)) for config in configs]
        self._replaced: weakref.WeakKeyDictionary[Any, _Entry | None] = weakref.WeakKeyDictionary()
        for name, module in model.named_modules():
            self._replaced[module] = _entries.get(module)
            _entries[module] = (name, self)
        try:
            model.set_attn_implementation(NAME)
            _check_all_set(model, configs)
        except BaseException:
            self.close()
            raise

    @property
    def open(self) -> bool:
        """Whether the model still answers to this connection, or to one nested in it."""
        return bool(self._replaced)

    @property
    def asked(self) -> bool:
        """Whether calls come here: nobody has chosen another attention since."""
        return self.open and all(config._attn_implementation == NAME for config, _ in self.names)

    def close(self) -> None:
        """Give the model back; harmless when done twice."""
        for module, before in self._replaced.items():
            if _entries.get(module, (None, None))[1] is self:
                _entries.pop(module)
                if before is not None and before[1].open:
                    _entries[module] = before
        self._replaced.clear()
        kept = {id(config) for other in _open() for config, _ in other.names}
        for config, name in self.names:
            # A model may share its configuration with another one, which is still connected;
            # and a name that somebody changed in the meantime is what they want now.
            if id(config) not in kept and config._attn_implementation == NAME:
                config._attn_implementation = name


_Entry: TypeAlias = tuple[str, Connection]

_entries: weakref.WeakKeyDictionary[Any, _Entry] = weakref.WeakKeyDictionary()
"""The name of each connected module, and who answers for it."""


def _open() -> set[Connection]:
    return {connection for _, connection in _entries.values()}


def uncompiled(model: Any) -> Any:
    """The model inside what `torch.compile` returns, whose layers go by other names."""
    return getattr(model, "_orig_mod", model)


def connections(model: Any) -> set[Connection]:
    """The connections that answer for any part of a model."""
    return {entry[1] for module in model.modules() if (entry := _entries.get(module))}


def _configs(model: Any) -> list[Any]:
    """Every configuration object a model looks its attention up in, outer ones first."""
    found: dict[int, Any] = {}
    waiting = [module.config for module in model.modules()
               if hasattr(getattr(module, "config", None), "_attn_implementation")]
    while waiting:
        config = waiting.pop(0)
        if id(config) not in found:
            found[id(config)] = config
            inner = [getattr(config, key, None) for key in config.sub_configs]
            waiting += [sub for sub in inner if hasattr(sub, "_attn_implementation")]
    return list(found.values())


def _own_name(model: Any, config: Any) -> Any:
    """The attention a configuration asks for when nobody is connected."""
    name = config._attn_implementation
    if name != NAME:
        return name
    for connection in _open():
        for other, before in connection.names:
            if other is config:
                return before
    return model.get_correct_attn_implementation(None)  # a copy of a connected model's


def _check_all_set(model: Any, configs: list[Any]) -> None:
    """A class that computes its attention by itself keeps the name that it had."""
    for config in configs:
        if config._attn_implementation != NAME:
            raise NoInterfaceError("the model does not let its attention be replaced",
                                   where=_owner(model, config))


def _owner(model: Any, config: Any) -> str:
    """The class, and where it stands in the model, that asks this configuration."""
    for name, module in model.named_modules():
        if getattr(module, "config", None) is config and hasattr(module, "base_model_prefix"):
            return f"{type(module).__name__} in .{name}" if name else type(module).__name__
    return type(model).__name__


def _register() -> None:
    """Make the name known to transformers, together with a mask that is never left out."""
    try:
        from torch.compiler import disable, is_compiling
        from transformers import AttentionInterface, AttentionMaskInterface
        from transformers.masking_utils import sdpa_mask
    except ImportError as error:
        raise MissingExtraError("attach needs torch and transformers", found=str(error),
                                hint="pip install 'neuromorph[hf]'") from error

    def full_mask(*args: Any, **kwargs: Any) -> Tensor:
        kwargs.update(allow_is_causal_skip=False, allow_is_bidirectional_skip=False)
        return sdpa_mask(*args, **kwargs)

    # torch.compile runs it as it is: there is no graph of what happens outside torch.
    as_it_is = disable(_attention)

    def attention(*args: Any, **kwargs: Any) -> tuple[Tensor, None]:
        answer: tuple[Tensor, None] = (as_it_is if is_compiling() else _attention)(*args, **kwargs)
        return answer

    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, full_mask)


def _attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    is_causal: bool | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """transformers' attention signature; returns (batch, queries, heads, value_size)."""
    entry = _entries.get(module)
    if entry is None:
        raise BackendError("a layer that was never attached asked for spiking attention",
                           where=type(module).__name__,
                           hint="a copy of an attached model (DataParallel makes some), or a "
                           "model that shares its configuration, must be attached too: "
                           "neuromorph.attach(model, …)")
    layer, connection = entry
    check_mode(layer, module, dropout)
    _check_supported(layer, connection, kwargs)
    causal = getattr(module, "is_causal", False) if is_causal is None else is_causal
    scale = query.shape[-1] ** -0.5 if scaling is None else float(scaling)
    call = Call(layer, query, key, value, attention_mask, bool(causal), scale,
                kwargs.get("position_bias"), _either(kwargs, "s_aux", "sinks"),
                kwargs.get("softcap"))
    return answered(connection.handler, call).transpose(1, 2), None


def answered(handler: Handler, call: Call) -> Tensor:
    """Context of a call, (batch, heads, queries, value_size), as its queries are: type and device.

    Without a gradient, and contiguous with its heads next to each other.

    Raises
    ------
    UnsupportedError
        If no circuit fits the call.
    """
    import torch

    call.check_kind()
    context = handler(call).transpose(1, 2).to(
        dtype=call.queries.dtype, device=call.queries.device,
        memory_format=torch.contiguous_format)
    return without_gradient(context, call.layer, call.queries, call.keys,
                            call.values).transpose(1, 2)


def _either(kwargs: Mapping[str, Any], *names: str) -> Any:
    """What a model passes by one of several names."""
    return next((kwargs[name] for name in names if kwargs.get(name) is not None), None)


def check_mode(layer: str, module: Any, dropout: float) -> None:
    """Refuse a module that is trained or traced, and dropout.

    Raises
    ------
    UnsupportedError
    """
    import torch

    if module.training:
        raise UnsupportedError("the model is in training mode, and spikes have no gradient",
                               where=layer, hint="call model.eval(); to train it, detach it first")
    if dropout:
        raise UnsupportedError("attention dropout is on", where=layer, hint="call model.eval()")
    if torch.jit.is_tracing():
        raise UnsupportedError("torch.jit.trace would keep this one call's spikes as constants",
                               where=layer, hint="detach the model before it is traced")


def _check_supported(layer: str, connection: Connection, kwargs: Mapping[str, Any]) -> None:
    for name in _UNSUPPORTED.keys() & kwargs.keys():
        if kwargs[name] is not None:
            raise UnsupportedError(f"the model uses {_UNSUPPORTED[name]}, which no circuit has yet",
                                   where=layer)
    asked = [config for config, _ in connection.names if config.output_attentions]
    if asked or kwargs.get("output_attentions"):
        raise no_weights(layer)


def no_weights(where: str) -> UnsupportedError:
    """The error for a model that is asked for its attention weights."""
    return UnsupportedError("attention weights were asked for, which no layer hands on in spikes",
                            where=where, hint="leave output_attentions out, in the call and in the "
                            "configuration, and ask afterwards: spiking.attention(layer) has the "
                            "weights of the last forward pass")
