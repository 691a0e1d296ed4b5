"""Softmaxes that look like attention and that nobody caught: they stay float, and are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from neuromorph.errors import printable
from neuromorph.huggingface.floats import float_cautions, stays
from neuromorph.huggingface.inner import is_model
from neuromorph.translate import Caution


@dataclass(eq=False)
class Uncaught:
    """How often a module took a softmax that was not caught, and what it was lost at.

    ``watched`` says that a model was run and looked at.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    watched: bool = False

    def note(self, module: str, lost: str) -> None:
        """Count one."""
        self.counts[module, lost] += 1

    def listed(self) -> list[dict[str, Any]]:
        """Plain values, for JSON."""
        return [{"module": module, "softmaxes": count, "lost_at": lost}
                for (module, lost), count in self.counts.items()]

    def told(self) -> str:
        """The end of a sentence: how many there are, and the first."""
        if not self.counts:
            return ""
        (module, lost), _ = self.counts.most_common(1)[0]
        return (f", and {sum(self.counts.values())} softmaxes that were not caught, the first in "
                f"{printable(module)}, lost at {printable(lost)}")

    def cautions(self) -> list[Caution]:
        """One remark if there were any, which few expect."""
        if not self.counts:
            return []
        (module, lost), _ = self.counts.most_common(1)[0]
        more = len({name for name, _ in self.counts}) - 1
        which = f"{printable(module)} and {more} modules more do" if more else (
            f"{printable(module)} does")
        return [stays(module, f"of the softmax that {which} no queries, keys and values were "
                      f"found (lost at {printable(lost)}). report()['uncaught'] of an attachment "
                      "names all of it")]


def stays_float(model: Any, layers: Collection[str], uncaught: Uncaught) -> list[Caution]:
    """One remark if softmax attention goes on in float: seen if it was watched, else by its name.

    Parameters
    ----------
    model : torch.nn.Module
    layers : collection of str
        Names of what attends in spikes.
    uncaught : Uncaught
        What was seen while the model ran.
    """
    if uncaught.watched or not is_model(model):
        return uncaught.cautions()
    return float_cautions(model, layers)
