"""What is known of tensors between two products: follow scores to their softmax and beyond.

Keeps no tensor alive but the queries and keys of scores that live themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from neuromorph.huggingface.intercept.products import scores_of_einsum, scores_of_matmul
from neuromorph.huggingface.intercept.scores import Scores
from neuromorph.huggingface.masks import HIDDEN
from neuromorph.shown import Shown

PRODUCTS = frozenset({"matmul", "bmm", "__matmul__", "baddbmm", "einsum", "__rmatmul__"})
SOFTMAX = frozenset({"softmax", "_softmax"})

_Args: TypeAlias = Sequence[Any]
_Kwargs: TypeAlias = Mapping[str, Any]


@dataclass(eq=False, repr=False)
class Seen(Shown):
    """A softmax over what looks like attention, and whether anybody answered for it."""

    module: str
    shape: tuple[int, ...]
    caught: bool = False
    lost: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Known(Shown):
    """What a tensor is: scores, or with ``seen`` their softmax; without ``scores``, lost.

    ``version`` counts what torch has written to the tensor; another one means that somebody
    changed it behind our back.
    """

    scores: Scores | None
    seen: Seen | None = None
    lost: str = ""
    version: int | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Given(Shown):
    """An argument of which something is known, and what it was when the function began."""

    tensor: Tensor
    known: Known
    before: Tensor


@dataclass(eq=False, repr=False)
class Trail(Shown):
    """All that is known of tensors in one pass through a model."""

    known: WeakIdKeyDictionary = field(default_factory=WeakIdKeyDictionary)
    merged: WeakIdKeyDictionary = field(default_factory=WeakIdKeyDictionary)
    softmaxes: list[Seen] = field(default_factory=list)

    def of(self, tensor: Any) -> Known | None:
        """What is known of a tensor."""
        if not isinstance(tensor, Tensor):
            return None
        found: Known | None = self.known.get(tensor)
        if found is not None and found.version != _version(tensor):
            return Known(None, found.seen, "a view that was written to")
        return found

    def given(self, name: str, args: _Args, kwargs: _Kwargs) -> list[Given]:
        """What is known of a function's arguments, before it runs; copies what it will write to."""
        writes = name == "__setitem__" or (name.endswith("_") and not name.startswith("__"))
        return [Given(tensor, known, tensor.clone() if writes and tensor is args[0] else tensor)
                for tensor in _tensors(args, kwargs) if (known := self.of(tensor))]

    def learn(
        self, name: str, args: _Args, kwargs: _Kwargs, out: Any, given: list[Given], module: str,
    ) -> None:
        """Note what came out of a torch function.

        Parameters
        ----------
        name : str
            Of the function.
        args, kwargs
            What it was given.
        out : object
            What it gave.
        given : list of Given
            What was known before it ran.
        module : str
            Who ran it.
        """
        if not isinstance(out, Tensor):
            return
        self._learn_heads(args, out)
        if name in SOFTMAX:
            self._learn_softmax(args, kwargs, out, given[0].known if given else None,
                                module)
        elif name in PRODUCTS:
            self._note(out, Known(self._product(name, args, kwargs, out)))
        elif given:
            self._note(out, _step(name, args, kwargs, out, given))

    def _note(self, tensor: Tensor, known: Known | None) -> None:
        if known is None or (known.scores is None and not known.lost):
            self.known.pop(tensor, None)
            return
        if known.scores is not None and known.scores.shape != tuple(tensor.shape):
            known = Known(None, known.seen, "a step that changed its shape")
        if known.lost and known.seen is not None:
            known.seen.lost = known.seen.lost or known.lost
        self.known[tensor] = Known(known.scores, known.seen, known.lost, _version(tensor))

    def _learn_heads(self, args: _Args, out: Tensor) -> None:
        """Batch and heads that become one dimension."""
        source = args[0] if args else None
        if not isinstance(source, Tensor) or out.dim() != 3 or out is source:
            return
        if source.dim() == 4 and source.shape[0] * source.shape[1] == out.shape[0] and (
                source.shape[2:] == out.shape[1:]):
            self.merged[out] = source.shape[1]
        elif source.dim() == 3 and source.shape[0] == out.shape[0] and source in self.merged:
            self.merged[out] = self.merged[source]

    def heads(self, *tensors: Any) -> int | None:
        """How many heads the first dimension of one of the tensors is known to hold."""
        return next((self.merged[t] for t in tensors if t in self.merged), None)

    def _product(self, name: str, args: _Args, kwargs: _Kwargs, out: Tensor) -> Scores | None:
        found = scores_of(name, args, kwargs)
        if found is None or found.shape != tuple(out.shape):
            return None
        return _with_heads(found, self.heads(*[a for a in args if isinstance(a, Tensor)]))

    def _learn_softmax(
        self, args: _Args, kwargs: _Kwargs, out: Tensor, known: Known | None, module: str
    ) -> None:
        scores = known.scores if known else None
        if known is None and out.dim() < 4:
            return
        if scores is not None and min(scores.keys.dim(), scores.queries.dim()) < 3:
            return  # the product of an activation and a weight
        dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
        seen = Seen(module, tuple(out.shape), lost=known.lost if known else "its scores")
        self.softmaxes.append(seen)
        self._note(out, Known(scores and _over(scores, dim), seen, seen.lost or "its dimension"))


def scores_of(name: str, args: _Args, kwargs: _Kwargs) -> Scores | None:
    """Scores of a product, if it can be one of queries and keys."""
    tensors = _tensors(args, kwargs)
    if name == "einsum":
        return scores_of_einsum(args[0], *tensors) if len(tensors) == 2 else None
    if name == "baddbmm":
        found = scores_of_matmul(*tensors[1:3])
        alpha, beta = kwargs.get("alpha", 1), kwargs.get("beta", 1)
        found = found and found.times(alpha)
        return found.plus(tensors[0] * beta) if found and beta else found
    if len(tensors) != 2:
        return None
    return scores_of_matmul(*(tensors[::-1] if name == "__rmatmul__" else tensors))


def _with_heads(scores: Scores, heads: int | None) -> Scores:
    from dataclasses import replace

    return replace(scores, heads=heads) if heads and len(scores.lead) == 1 else scores


def _over(scores: Scores, dim: Any) -> Scores | None:
    """The scores so turned that the softmax goes over keys."""
    if not isinstance(dim, int):
        return None
    axis, last = scores.axes[dim], len(scores.axes) - 1
    if axis == last:
        return scores
    return scores.turned() if axis == last - 1 else None


def _tensors(args: _Args, kwargs: _Kwargs) -> list[Tensor]:
    return list(_walk([*args, *kwargs.values()]))


def _walk(things: Sequence[Any]) -> Iterator[Tensor]:
    for thing in things:
        if isinstance(thing, Tensor):
            yield thing
        elif isinstance(thing, list | tuple):
            yield from _walk(thing)


def _version(tensor: Tensor) -> int | None:
    return None if tensor.is_inference() else tensor._version


# --- one step

def _step(
    name: str, args: _Args, kwargs: _Kwargs, out: Tensor, given: list[Given]
) -> Known | None:
    """What comes of scores or weights in one function."""
    source = next((one for one in given if one.known.scores is not None), given[0])
    known = source.known
    lost = Known(None, known.seen, f"torch.{name}")
    if known.scores is None:
        return lost if out.shape == source.tensor.shape else None
    scores: Scores | None
    if name in _LAYOUTS:
        scores = _LAYOUTS[name](known.scores, args, kwargs, out)
    elif name in _SAME:
        scores = known.scores
    elif known.seen is None and name.rstrip("_") in _ARITHMETIC:
        other = _other(args, kwargs, source.tensor, given)
        scores = _ARITHMETIC[name.rstrip("_")](known.scores, other, source.tensor is args[0])
    else:
        scores = _unchanged(known, source.before, out)
    return Known(scores, known.seen) if scores is not None else lost


def _other(args: _Args, kwargs: _Kwargs, source: Tensor, given: list[Given]) -> Any:
    """The other operand; as scores, if it is."""
    rest = [a for a in (*args, *kwargs.values()) if a is not source]
    other = rest[0] if rest else source
    if kwargs.get("alpha", 1) != 1:
        other = other * kwargs["alpha"]
    known = next((one.known for one in given if one.tensor is other), None)
    return known.scores if known and known.scores and known.seen is None else other


def _plus(scores: Scores, other: Any, _first: bool) -> Scores | None:
    return scores.summed(other) if isinstance(other, Scores) else scores.plus(other)


def _minus(scores: Scores, other: Any, first: bool) -> Scores | None:
    return scores.plus(-other) if first and not isinstance(other, Scores) else None


def _times(scores: Scores, other: Any, _first: bool) -> Scores | None:
    return None if isinstance(other, Scores) else scores.times(other)


def _over_number(scores: Scores, other: Any, first: bool) -> Scores | None:
    if not first or isinstance(other, Scores) or (not isinstance(other, Tensor) and other == 0):
        return None
    return scores.times(1 / other)


def _tanh(scores: Scores, _other: Any, _first: bool) -> Scores | None:
    return scores.capped()


_ARITHMETIC: dict[str, Callable[[Scores, Any, bool], Scores | None]] = {
    "add": _plus, "__add__": _plus, "__radd__": _plus, "__iadd__": _plus,
    "sub": _minus, "__sub__": _minus, "__isub__": _minus, "subtract": _minus,
    "mul": _times, "__mul__": _times, "__rmul__": _times, "__imul__": _times,
    "multiply": _times,
    "div": _over_number, "__truediv__": _over_number, "true_divide": _over_number,
    "divide": _over_number, "tanh": _tanh,
}
_ARITHMETIC |= {name.rstrip("_"): step for name, step in _ARITHMETIC.items()}

_SAME = frozenset({"to", "float", "half", "bfloat16", "double", "type", "type_as", "contiguous",
                   "clone", "detach", "cpu"})


def _unchanged(known: Known, source: Tensor, out: Tensor) -> Scores | None:
    """After a function that did nothing, or hid scores, or took weights of hidden keys away."""
    scores = known.scores
    if scores is None or source.shape != out.shape:
        return None
    changed = (out != source) & ~(out.isnan() & source.isnan())
    if not bool(changed.any()):
        return scores
    if known.seen is None:
        return scores.hidden(changed) if bool((out[changed] <= HIDDEN).all()) else None
    blind = scores.ordered(out).abs().amax(-1, keepdim=True) == 0  # queries that see nothing
    return scores if bool((~scores.ordered(changed) | blind).all()) else None


def _reshaped(scores: Scores, _args: _Args, _kwargs: _Kwargs, out: Tensor) -> Scores | None:
    return scores.reshaped(tuple(out.shape))


def _permuted(scores: Scores, args: _Args, kwargs: _Kwargs, _out: Tensor) -> Scores:
    order = kwargs.get("dims", args[1] if len(args) == 2 else args[1:])
    return scores.permuted(tuple(order))


def _swapped(scores: Scores, args: _Args, kwargs: _Kwargs, _out: Tensor) -> Scores:
    a, b = (*args[1:], *kwargs.values()) if len(args) + len(kwargs) == 3 else (-1, -2)
    order = list(range(len(scores.axes)))
    order[a], order[b] = order[b], order[a]
    return scores.permuted(tuple(order))


_LAYOUTS: dict[str, Callable[[Scores, _Args, _Kwargs, Tensor], Scores | None]] = {
    **dict.fromkeys(("view", "reshape", "unsqueeze", "squeeze", "flatten", "unflatten", "view_as",
                     "reshape_as", "_unsafe_view"), _reshaped),
    "permute": _permuted,
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _swapped),
}
