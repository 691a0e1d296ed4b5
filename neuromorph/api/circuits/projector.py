"""Orthogonal projection: what of a new pattern lies outside of what was learned before.

Writing only that part leaves what older patterns recall alone (Xiao et al., ICLR 2024). Lateral
rows come of calibration and are frozen; how much it helps, and where not: docs/plasticity.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from neuromorph import backends
from neuromorph.api.circuits.outcome import Outcome
from neuromorph.api.circuits.settings import Meaning, check_limits
from neuromorph.api.equal import require_equal
from neuromorph.circuits.projector import LATENCY, Projector, build, project, quantise_rows
from neuromorph.errors import UsageError
from neuromorph.network import Probe
from neuromorph.papers.hlop import leading_rows
from neuromorph.progress import Progress
from neuromorph.report.projector import draw_residuals

RESIDUAL = Probe("residual", "spikes")
PERIOD = LATENCY + 1


@dataclass(frozen=True)
class Settings:
    """Patterns in a random subspace, which the rows are found from, and others."""

    inputs: Annotated[int, Meaning("Numbers of a pattern.", low=2, high=512)] = 64
    rows: Annotated[int, Meaning(
        "Dimensions of the subspace, and lateral rows.", low=1, high=511)] = 20
    patterns: Annotated[int, Meaning(
        "Old patterns, and as many new ones.", low=1, high=4096)] = 100

    def __post_init__(self) -> None:
        check_limits(self)


def why_not(backend: backends.Backend) -> str | None:
    """The reason against a small one of its kind, None if it runs."""
    return backend.why_not(build(quantise_rows(np.array([[0.6, 0.8]]))))


def run(settings: Settings, *, backend: str, seed: int, progress: Progress) -> Outcome:
    """Find rows from old patterns, project old and new ones, compare with closed form and float.

    Raises
    ------
    UsageError
        If there are as many rows as inputs, or more than patterns to find them from.
    """
    if settings.patterns < settings.rows:
        raise UsageError("there are more rows than patterns to find them from",
                         where="projector", found=settings.rows,
                         expected=f"at most {settings.patterns}",
                         hint="lower rows, or raise patterns")
    rng = np.random.default_rng(seed)
    old, new = _patterns(settings, rng)
    rows = leading_rows(old.astype(np.float64), settings.rows, np.zeros((0, settings.inputs)))
    projector = quantise_rows(rows)
    progress(f"projecting {len(old) + len(new)} patterns")
    found = residuals(projector, np.concatenate([old, new]), backend)
    left = _share(found, np.concatenate([old, new]))
    exact = _share(new - (new @ rows.T) @ rows, new)
    numbers: dict[str, Any] = {
        "inputs": settings.inputs, "rows": settings.rows, "patterns": len(old),
        "old_left": float(left[: len(old)].mean()), "new_left": float(left[len(old) :].mean()),
        "new_left_in_float": float(exact.mean()), "steps_a_pattern": PERIOD,
    }
    return Outcome(numbers, _sentences(numbers),
                   partial(_draw, left[: len(old)], left[len(old) :], exact))


def residuals(projector: Projector, codes: NDArray[Any], backend: str) -> NDArray[np.int64]:
    """What the circuit sends of each pattern, shape (patterns, inputs).

    Raises
    ------
    DisagreementError
        If it is not what the closed form says.
    """
    train = np.zeros((len(codes) * PERIOD, codes.shape[1]), np.int64)
    train[::PERIOD] = codes
    sent = backends.get(backend).run(build(projector), {"code": train}, [RESIDUAL], len(train))
    found: NDArray[np.int64] = sent.spikes("residual")[LATENCY::PERIOD].astype(np.int64)
    require_equal("the projector", "projector",
                  [("residual", found, project(projector, codes))], "number")
    return found


def _patterns(
    settings: Settings, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Codes of up to 7 bits: in a random subspace, and anywhere."""
    axes = rng.standard_normal((settings.rows, settings.inputs))
    floats = (rng.standard_normal((settings.patterns, settings.rows)) @ axes,
              rng.standard_normal((settings.patterns, settings.inputs)))
    old, new = (np.rint(x * (127 / np.abs(x).max(axis=1, keepdims=True))).astype(np.int64)
                for x in floats)
    return old, new


def _share(left: NDArray[Any], codes: NDArray[Any]) -> NDArray[np.float64]:
    """|e| / |x|, by pattern."""
    found: NDArray[np.float64] = (np.linalg.norm(left, axis=1)
                                  / np.linalg.norm(codes, axis=1).clip(1))
    return found


def _sentences(numbers: dict[str, Any]) -> tuple[str, ...]:
    said = (f"Of old patterns {numbers['old_left']:.1%} of their length is left to learn from, of "
            f"new ones {numbers['new_left']:.1%} (in float {numbers['new_left_in_float']:.1%}).")
    room = (f"{numbers['rows']} of {numbers['inputs']} directions are taken; when none is left, "
            "nothing new can be learned without harm to what is old.")
    return said, room, "Every residual is that of the closed form."


def _draw(old: NDArray[Any], new: NDArray[Any], exact: NDArray[Any], path: Path) -> None:
    draw_residuals(old, new, exact, path)
