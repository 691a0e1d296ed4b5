"""Matrix products as attention uses them: queries times keys, and weights times values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neuromorph.huggingface.intercept.scores import Scores
from neuromorph.huggingface.masks import Tensor
from neuromorph.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Product(Shown):
    """Weights times values.

    ``values`` (…, keys, value_size); ``back`` takes a context (…, queries, value_size) to what the
    product is.
    """

    values: Tensor
    back: Callable[[Tensor], Tensor]


def scores_of_matmul(left: Tensor, right: Tensor) -> Scores | None:
    """Of ``left @ right``."""
    if min(left.dim(), right.dim()) < 2:
        return None
    return Scores.of(left, right.transpose(-1, -2))


def scores_of_einsum(equation: str, left: Tensor, right: Tensor) -> Scores | None:
    """Of an einsum of two tensors, where it is a product of queries and keys."""
    labels = _labels(equation, left.dim(), right.dim())
    if labels is None:
        return None
    a, b, out = labels
    lead = [x for x in out if x in a and x in b]
    rows, columns = [x for x in out if x not in b], [x for x in out if x not in a]
    inner = [x for x in a if x in b and x not in out]
    if len(rows) != 1 or len(columns) != 1 or not inner or set(a + b) - {*out, *inner}:
        return None
    order = [*lead, rows[0], columns[0]]
    queries = left.permute([a.index(x) for x in (*lead, rows[0], *inner)]).flatten(len(lead) + 1)
    keys = right.permute([b.index(x) for x in (*lead, columns[0], *inner)]).flatten(len(lead) + 1)
    return Scores.of(queries, keys, axes=tuple(order.index(x) for x in out))


def product_of_matmul(scores: Scores, weights: Any, left: Any, right: Any) -> Product | None:
    """Of ``left @ right``, one of which is the ``weights``."""
    last = len(scores.axes) - 1
    if left is weights and scores.plain and right.dim() >= 2:
        return Product(right, lambda context: context)
    if right is weights and left.dim() >= 2 and scores.axes == (
            *range(last - 1), last, last - 1):
        return Product(left.transpose(-1, -2), lambda context: context.transpose(-1, -2))
    return None


def product_of_einsum(
    scores: Scores, weights: Any, equation: str, left: Any, right: Any
) -> Product | None:
    """Of an einsum of two tensors, one of which is the ``weights``."""
    labels = _labels(equation, left.dim(), right.dim())
    if labels is None:
        return None
    of_weights, of_values, out = labels if left is weights else (labels[1], labels[0], labels[2])
    values = right if left is weights else left
    ordered = [of_weights[scores.axes.index(i)] for i in range(len(scores.axes))]
    *lead, query, key = ordered
    rest = [x for x in of_values if x not in ordered]
    if key in out or key not in of_values or query in of_values or len(rest) != 1 or set(
            out) != {*lead, query, rest[0]}:
        return None
    here = [x for x in lead if x in of_values]
    turned = values.permute([of_values.index(x) for x in (*here, key, rest[0])])
    shape = [values.shape[of_values.index(x)] if x in here else 1 for x in lead]
    made = [*lead, query, rest[0]]
    return Product(turned.reshape(*shape, *turned.shape[-2:]),
                   lambda context: context.permute([made.index(x) for x in out]))


def _labels(equation: str, *dims: int) -> tuple[list[str], list[str], list[str]] | None:
    """Labels of both operands and of the result; an ellipsis stands for as many of its own."""
    if "->" not in equation:
        return None
    given, out = equation.replace(" ", "").split("->")
    parts = given.split(",")
    if len(parts) != 2:
        return None
    hidden = [n - len(part.replace("...", "")) for part, n in zip(parts, dims, strict=True)]
    most = max(n if "..." in part else 0 for part, n in zip(parts, hidden, strict=True))
    found = [_spelled(part, n, most) for part, n in zip(parts, hidden, strict=True)]
    if any(len(set(labels)) != len(labels) for labels in found):
        return None
    return found[0], found[1], _spelled(out, most, most)


def _spelled(part: str, count: int, most: int) -> list[str]:
    """Labels one by one; the dimensions of an ellipsis are numbered, and end alike."""
    labels: list[str] = []
    for i, piece in enumerate(part.split("...")):
        labels += [str(n) for n in range(most - count, most)] if i else []
        labels += piece
    return labels
