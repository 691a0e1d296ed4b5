"""Picture of a transformer block: one token step by step, and several of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuromorph.network import Phase
from neuromorph.report.canvas import ACCENT, INK, PALE, QUIET, new_axes, write_png
from neuromorph.shown import Shown

WIDEST = 24
"""Bits of a payload, with its sign."""

SHOWN = 6
"""Tokens of the second panel at most: the last ones."""

def _norm(name: str, vector: str) -> dict[str, str]:
    return {f"{name}.part": f"{vector}, to be added up", f"{name}.mean": f"the mean of {vector}",
            f"{name}.square": f"{vector}², coarse to fine", f"{name}.rsqrt": f"1 / ||{vector}||"}


SAYS = {
    "r": "R, the hidden state", "angle": "cosines, then sines, of the position",
    "token": "a token comes",
    **_norm("attention_norm", "R"), "attention_norm.scale": "h = R / ||R||",
    "project.query_x": "W_q h", "project.key_x": "W_k h", "project.value_x": "W_v h",
    **_norm("query_norm", "q"), "query_norm.scale": "q / ||q||, of each head",
    **_norm("key_norm", "k"), "key_norm.scale": "k / ||k||, of each head",
    "project.query_gained": "… times gains", "project.key_gained": "… times gains",
    "project.query": "the query, as codes", "project.key": "the key, as codes",
    "clock.ramp": "constants, each in its step", "clock.drive": "clear, lift; ramp, go",
    "clock.side": "both sides of the key", "clock.value_on": "the value where it is positive",
    "clock.value_off": "… where it is negative", "clock.renew": "forget the old value",
    "clock.lift": "the slot whose turn it is", "clock.fire": "… is made to fire",
    "clock.write": "both, to each head", "clock.store": "learn the key",
    "clock.axon": "the key, then the query", "clock.absent": "slots that are empty",
    "clock.excused": "how many those are", "clock.mask": "keep them silent",
    "clock.flush": "forget the last context", "head.match": "slots: the better, the later",
    "head.done": "all slots have spoken", "head.normaliser": "1 / sum of weights",
    "head.control": "contexts, a part at a time", "attended.out": "R' = R + W_o c",
    **_norm("mlp_norm", "R'"), "mlp_norm.scale": "h' = R' / ||R'||",
    "gated.again": "h', a step later", "gated.a": "a, behind the activation",
    **_norm("unit_norm", "a"),
    "unit_norm.scale": "a / ||a||", "unit_norm.root": "||a||", "out": "R'' = R' + W_d a"}
"""What a row's spikes stand for."""

TOKEN_COLOURS = ("#2f5d8a", "#c8553d", "#5b8c5a", "#8a5a9e", "#b8860b", "#4a9aa5")


class Wire(NamedTuple):
    """From a row to one that hears it, so many steps later."""

    pre: int
    post: int
    steps: int


@dataclass(frozen=True, eq=False, repr=False)
class PictureRow(Shown):
    """Populations that do the same, and what they say of one token.

    Attributes
    ----------
    name, stage : str
    count : int
        Populations.
    payloads : int array, shape (latency + 1, neurons)
    """

    name: str
    stage: str
    count: int
    payloads: NDArray[Any]

    @property
    def speaks(self) -> NDArray[np.int64]:
        """Steps in which any of its neurons does."""
        return np.flatnonzero(self.payloads.any(axis=1))


@dataclass(frozen=True, eq=False, repr=False)
class BlockPicture(Shown):
    """One token on its way through a block, and all tokens by stage.

    Attributes
    ----------
    rows : tuple of PictureRow
    wires : tuple of Wire
        Between rows.
    phases : tuple of Phase
        The stages of one token.
    spans : int array, shape (tokens, stages, 2)
        First and last step in which a stage speaks of a token; -1 if it is silent.
    stages : tuple of str
    period, latency, gap : int
        Steps: of a head, from R in to R out, and from a token to the next.
    """

    rows: tuple[PictureRow, ...]
    wires: tuple[Wire, ...]
    phases: tuple[Phase, ...]
    spans: NDArray[Any]
    stages: tuple[str, ...]
    period: int
    latency: int
    gap: int


def draw_block(picture: BlockPicture, path: Path) -> None:
    """Who speaks and who listens, of one token; below it the stages of several tokens."""
    high = 0.215 * len(picture.rows) + 1.2
    wide = max(13.0, 2 + 0.19 * picture.latency)
    figure, (token, many) = new_axes(
        2, 1, figsize=(wide, high + 3.6), height_ratios=(high, 3.0))
    _draw_token(figure, token, picture)
    _draw_tokens(many, picture)
    figure.suptitle("One token through a transformer block: all between R and R'' are spikes",
                    fontsize=14)
    write_png(figure, path)


def _draw_token(figure: Any, axes: Any, picture: BlockPicture) -> None:
    _draw_phases(axes, picture)
    _draw_wires(axes, picture)
    image = _draw_marks(axes, picture)
    _draw_words(axes, picture)
    bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.01, aspect=30)
    bar.set_label("largest payload of a step, bits")
    bar.outline.set_visible(False)
    axes.set(xlim=(-0.8, picture.latency + 0.8), ylim=(len(picture.rows) - 0.4, -0.6),
             yticks=range(len(picture.rows)), xlabel="step after R came")
    axes.set_yticklabels([_named(row) for row in picture.rows], fontsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _named(row: PictureRow) -> str:
    return f"{row.name} ×{row.count}" if row.count > 1 else row.name


def _draw_phases(axes: Any, picture: BlockPicture) -> None:
    for n, phase in enumerate(picture.phases):
        if n % 2 == 0:
            axes.axvspan(phase.start - 0.5, phase.stop - 0.5, color=PALE, zorder=0, lw=0)
        narrow = phase.stop - phase.start < len(phase.name) * 0.62
        axes.annotate(phase.name, ((phase.start + phase.stop - 1) / 2, 1.005), color=INK,
                      xycoords=("data", "axes fraction"), ha="left" if narrow else "center",
                      va="bottom", fontsize=9.5, rotation=40 if narrow else 0,
                      rotation_mode="anchor")
    before = picture.rows[0].stage
    for n, row in enumerate(picture.rows):
        if row.stage != before:
            axes.axhline(n - 0.5, color=QUIET, lw=0.5, alpha=0.6, zorder=1)
        before = row.stage


def _arrivals(picture: BlockPicture) -> list[tuple[int, int]]:
    """(step, row) of all that hear something."""
    return sorted({(int(at) + wire.steps, wire.post) for wire in picture.wires
                   for at in picture.rows[wire.pre].speaks})


def _draw_wires(axes: Any, picture: BlockPicture) -> None:
    """From the first spikes of a row to those that hear them; a ring wherever something comes."""
    for pre, post, steps in picture.wires:
        for at in picture.rows[pre].speaks[:1]:
            axes.annotate("", (at + steps, post), (at, pre), zorder=2, arrowprops={
                "arrowstyle": "-|>,head_length=.25,head_width=.1", "color": QUIET, "lw": 0.6,
                "alpha": 0.55, "shrinkA": 3, "shrinkB": 3, "connectionstyle": "arc3,rad=-.08"})
    at, where = zip(*_arrivals(picture), strict=True)
    axes.scatter(at, where, s=16, marker="o", facecolors="white", edgecolors=ACCENT,
                 linewidths=0.8, zorder=3)


def _draw_marks(axes: Any, picture: BlockPicture) -> Any:
    at, where, share, bits = [], [], [], []
    for n, row in enumerate(picture.rows):
        for step in row.speaks:
            payloads = np.abs(row.payloads[step])
            at.append(step)
            where.append(n)
            share.append(np.count_nonzero(payloads) / len(payloads))
            bits.append(int(payloads.max()).bit_length() + 1)
    return axes.scatter(at, where, s=_area(np.array(share)), c=bits, marker="s", cmap="viridis_r",
                        vmin=1, vmax=WIDEST, zorder=4, linewidths=0)


def _area(share: Any) -> Any:
    """Of a mark, by the share of neurons that speak."""
    return 20 + 70 * share


def _draw_words(axes: Any, picture: BlockPicture) -> None:
    """What each row says: behind its marks, or before them where there is no room."""
    arrivals = _arrivals(picture)
    for n, row in enumerate(picture.rows):
        steps = [*row.speaks, *(at for at, post in arrivals if post == n)] or [0]
        behind = max(steps) < 0.6 * picture.latency
        words = SAYS.get(row.name, "") + ("" if len(row.speaks) else " (silent)")
        axes.annotate(words, (max(steps) if behind else min(steps), n),
                      (8 if behind else -8, 0), textcoords="offset points", va="center",
                      ha="left" if behind else "right", fontsize=8, color=INK, alpha=0.75,
                      zorder=5)
    for label, share in (("a few of its neurons speak", 0.1), ("all of them do", 1.0)):
        axes.scatter([], [], s=_area(share), marker="s", color=INK, linewidths=0, label=label)
    axes.scatter([], [], s=16, marker="o", facecolors="white", edgecolors=ACCENT,
                 label="it hears something")
    axes.plot([], [], color=QUIET, lw=0.8, label="first spikes, to whoever hears them")
    axes.legend(loc="upper right", frameon=True, framealpha=0.95, edgecolor="none", fontsize=9)


def _draw_tokens(axes: Any, picture: BlockPicture) -> None:
    """Bars from the first to the last spike of each stage, a colour a token."""
    for token in range(max(0, len(picture.spans) - SHOWN), len(picture.spans)):
        colour = TOKEN_COLOURS[token % len(TOKEN_COLOURS)]
        for stage, (first, last) in enumerate(picture.spans[token]):
            if first >= 0:
                axes.barh(stage, last - first + 0.9, left=first - 0.45, height=0.72, color=colour)
        axes.axvline(token * picture.gap - 0.5, color=colour, lw=0.8, ls=":")
        axes.annotate(f"token {token}", (token * picture.gap, -0.75), color=colour, fontsize=9)
    at_once = 1 + picture.latency // picture.gap
    axes.set_title(f"a token every {picture.gap} steps, each for {picture.latency}: "
                   + (f"up to {at_once} of them at once" if at_once > 1 else "one after another"),
                   fontsize=11)
    axes.set(yticks=range(len(picture.stages)), yticklabels=picture.stages, xlabel="step",
             ylim=(len(picture.stages) - 0.4, -1.3))
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
