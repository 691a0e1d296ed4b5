"""Tables of memories for the terminal: what was exported, and what they lose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from neuromorph.report.tables import WORST, pairs_table, rows_table
from neuromorph.report.text import readable


def exported_tables(result: Mapping[str, Any]) -> list[Table]:
    """What an export made, and the memories that lose most."""
    return [pairs_table("Exported memories", {
        "bundle": result["bundle"],
        "model": f"{result['family']}: {readable(result['layers'])} layers, "
                 f"{readable(result['memories'])} memories",
        "steps a token": result["steps_a_token"],
        "cosine to float memories, mean": f"{result['mean_cosine']:.4f}",
        "measured on": result["fidelity_on"],
    }), losses_table(result["fidelity"])]


def simulated_tables(result: Mapping[str, Any]) -> list[Table]:
    """What a simulation did, and the memories that lose most."""
    return [pairs_table("Simulated memories", {
        "bundle": result["bundle"], "inputs": result["inputs"],
        "backend": f"{result['backend']} ({result['evidence']})", "by": result["by"],
        "tokens": f"{readable(result['tokens'])}, over all memories",
        "steps a token": result["steps_a_token"],
        "clipped": f"{readable(result['clipped'])} codes, errors and weights",
    }), losses_table(result["fidelity"])]


def losses_table(fidelity: Sequence[Mapping[str, Any]]) -> Table:
    """The memories that lose most, worst first."""
    worst = sorted(fidelity, key=lambda one: one["cosine"])[:WORST]
    some = f"the worst {WORST} of {len(fidelity)} memories" if len(fidelity) > WORST else \
        f"{len(fidelity)} memor{'ies' if len(fidelity) != 1 else 'y'}, worst first"
    return rows_table(
        f"Against float memories: {some}", ("layer", "head", "cosine", "tokens", "clipped"),
        [(one["layer"], one["head"], f"{one['cosine']:.5f}", one["tokens"], one["clipped"])
         for one in worst])
