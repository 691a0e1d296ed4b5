"""The script that counts laws of composition sees one that is broken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from examples.papers import composition as script
from neuromorph.network import Network


def found(monkeypatch: pytest.MonkeyPatch, name: str = "", fault: Any = None) -> dict[str, bool]:
    rng = np.random.default_rng(0)
    boxes = {part: script.box(rng) for part in "abc"}
    if name:
        sound = getattr(script, name)
        monkeypatch.setattr(script, name, lambda *given: fault(sound(*given)))
    cues = {"a.in": rng.integers(0, 2, (script.STEPS, script.SIZE))}
    return dict(script.laws(boxes, cues, "reference"))


def later(network: Network) -> Network:
    """All delays are a step more."""
    return replace(network, projections=tuple(replace(p, delay=p.delay + 1)
                                              for p in network.projections))


def test_laws_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch) == dict.fromkeys(("L1", "L2", "L3", "L4", "L5", "L6", "L8"), True)
    assert script.learns_alike("delta", "reference")


@pytest.mark.parametrize(("name", "broken"), [
    ("chain", {"L1"}), ("chain_from_the_right", {"L2"}), ("backwards", {"L5"}),
    ("nest", {"L6"})])
def test_a_fault_is_counted(
    name: str, broken: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    count = iter(range(9))  # both sides of a law must not have the same fault
    laws = found(monkeypatch, name, lambda one: later(one) if next(count) == 0 else one)
    assert {law for law, holds in laws.items() if not holds} >= broken
