"""What a generated text took, in lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromorph.report.band_tables import span
from neuromorph.report.text import readable


def generation_lines(made: Mapping[str, Any], beside: Mapping[str, Any] | None) -> list[str]:
    """Lines below a text: speed, steps and spikes; and the float model's text and speed.

    Parameters
    ----------
    made : mapping
        Of ``Generation.as_dict``.
    beside : mapping, optional
        Of ``FloatText.as_dict``.
    """
    took = (f"{made['tokens']} tokens{_rate(made['tokens_per_second'])}, after a prompt of "
            f"{made['prompt_tokens']} in {made['prompt_seconds']:.2f} s; clocked: "
            f"{made['steps']:,} steps{_spikes(made['spikes'])}")
    if beside is None:
        return ["", took]
    floats = (f"{beside['float_tokens']} tokens{_rate(beside['float_tokens_per_second'])}; the "
              f"first {beside['float_same_tokens']} are the same")
    return ["", took, "", "float:", beside["float_text"], floats]


def estimate_lines(band: Mapping[str, Any]) -> list[str]:
    """Energy and time on the board that the model was compiled for, what idles first.

    Parameters
    ----------
    band : mapping
        Of ``CompiledCosts.of``.
    """
    static = "; ".join(f"{what} ({readable(band[count])}) {span(band, name, 'J')}"
                       for name, count, what in (("static_chips", "chips", "chips in use"),
                                                 ("static_board", "board_chips", "whole board")))
    return ["", f"estimate for {band['profile']}, nothing measured on a chip:",
            f"  static: {static}", f"  events: {span(band, 'dynamic', 'J')}",
            f"  in all, chips in use: {span(band, 'total', 'J')}",
            f"  time: {span(band, 'seconds', 's')}",
            f"  host in and out, beside it: {span(band, 'host_seconds', 's')}"]


def _rate(rate: float | None) -> str:
    return "" if rate is None else f", {rate:.1f} a second"


def _spikes(count: int | None) -> str:
    return "" if count is None else f", {count:,} spikes"
