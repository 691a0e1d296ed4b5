"""What an evaluation found, in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from neuromorph.report.shares import apart_said, share_said
from neuromorph.report.tables import WORST, pairs_table, percent, rows_table
from neuromorph.report.text import readable


def evaluation_tables(result: Mapping[str, Any]) -> list[Table]:
    """Figures, and the cosine by layer, worst first.

    Parameters
    ----------
    result : mapping
        Of ``Evaluation.as_dict``.
    """
    return [pairs_table("Evaluated against float", evaluation_rows(result)),
            *_by_layer(result["cosine_by_layer"])]


def evaluation_rows(result: Mapping[str, Any]) -> dict[str, object]:
    """The figures in words, for the terminal and the page, with their intervals."""
    windows = "images" if "score" in result else f"windows of {result['documents']} documents"
    rows: dict[str, object] = {
        "asked about": f"{readable(result['tokens'])} tokens, {result['windows']} {windows}"}
    interval = f"{result['interval'][0]:.5f} to {result['interval'][1]:.5f}"
    if result["perplexity"] is not None:
        low, high = result["kl_interval"]
        rows |= _answers(result) if "score" in result else {}
        rows |= {
            "perplexity": f"{result['perplexity']:.4f}; float {result['perplexity_float']:.4f}",
            "ratio of perplexities": f"{result['perplexity_ratio']:.5f} ({interval})",
            "KL to float": f"{result['kl']:.5f} nat ({low:.5f} to {high:.5f})",
            "same likeliest token": percent(result["top1"])}
    elif result["cosine"] is not None:
        rows["cosine to float"] = (f"{result['cosine']:.6f} ({interval}); worst "
                                   f"{result['cosine_worst']:.6f}")
    drawn = "images" if "score" in result else result["resampled"]
    rows["intervals"] = f"95 %, drawing {drawn}"
    return rows


def _answers(result: Mapping[str, Any]) -> dict[str, object]:
    """Accuracies, and what they differ by."""
    of = result["windows"]
    return {"right answers": share_said(round(result["score"] * of), of),
            "right answers, float": share_said(round(result["score_float"] * of), of),
            "difference": apart_said(result["right_only_ours"], result["right_only_float"], of)}


def _by_layer(cosines: Sequence[float]) -> list[Table]:
    if not cosines:
        return []
    worst = sorted(enumerate(cosines), key=lambda row: row[1])[:WORST]
    last = len(cosines) - 1
    return [rows_table("Hidden states against float, worst first", ("where", "cosine"),
                       [(place(n, last), f"{cosine:.6f}") for n, cosine in worst])]


def place(n: int, last: int) -> str:
    """Where the hidden states of that number are."""
    return "behind the last block" if n == last else f"before block {n}"
