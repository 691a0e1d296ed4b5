"""fidelity: how much heads of a bundle lose where their slots mix."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import Run

import neuromorph
from neuromorph.api.crosstalk import KINDS, crosstalk
from neuromorph.bundle import Bundle
from neuromorph.errors import UsageError
from neuromorph.translate.fidelity import float_attention


def test_the_table_and_the_curve(cli: Run, exported: Path) -> None:
    pytest.importorskip("matplotlib")
    done = cli("fidelity", exported, "--crosstalk", 0.1, "--crosstalk", 0.3, "-o", "r")
    assert (done.code, done.err) == (0, "")
    assert "both, spikes: keys and values mix" in " ".join(done.out.split())
    assert max(map(len, done.out.splitlines())) <= 100
    assert Path("r/crosstalk.png").read_bytes()[:4] == b"\x89PNG"
    kept = json.loads(Path("r/summary.json").read_text("utf-8"))
    assert [row["strength"] for row in kept["curve"]] == [0, 0.1, 0.3]
    again = cli("fidelity", exported, "--crosstalk", 0.1, "--crosstalk", 0.3, "--json").out
    assert json.loads(again)["heads"] == kept["heads"]
    assert len(kept["heads"]) == 3 * 3 * 4


def test_more_mixing_loses_more_and_none_loses_nothing(loaded: Bundle) -> None:
    curve = crosstalk(loaded, [0.1, 0.4]).curve()
    for kind in KINDS:
        falling = [row[kind] for row in curve]
        assert falling == sorted(falling, reverse=True)
        assert falling[0] > 0.999 > falling[-1]
    assert curve[0]["values"] == pytest.approx(1)
    assert curve[1]["values"] == pytest.approx(curve[1]["values_expected"], abs=0.005)


def test_codes_hold_keys_around_a_centre_so_a_shift_of_all_is_no_cross_talk(
    loaded: Bundle,
) -> None:
    """Raw keys mix worse for it, and codes, which lose the centre, as they did."""
    shift = 3.0
    far = replace(loaded, codes={n: replace(c, key_centre=c.key_centre + shift)
                                 for n, c in loaded.codes.items()},
                  samples={n: replace(s, keys=s.keys + np.float32(shift))
                           for n, s in loaded.samples.items()})
    one, other = (neuromorph.crosstalk(b, [0.2]).curve()[1] for b in (loaded, far))
    for kind in ("coded_keys", "centred_keys", "spikes"):
        assert other[kind] == pytest.approx(one[kind], abs=2e-4)
    assert other["keys"] < one["keys"] - 0.02


def test_inputs_of_ones_own_and_seeds(loaded: Bundle) -> None:
    name, sample = next(iter(loaded.samples.items()))
    arrays = {f"{part}.0": getattr(sample, part) for part in ("queries", "keys", "values")}
    first, second, third = (crosstalk(loaded, [0.2], inputs=arrays, seed=seed)
                            for seed in (1, 1, 2))
    assert first.heads == second.heads != third.heads
    assert {head.layer for head in first.heads} == {name}
    assert len(float_attention(sample)[1]) * 2 == len(first.heads)


@pytest.mark.parametrize("strengths", [[-0.1], [11.0], [float("nan")], []])
def test_strengths_that_are_none_are_refused(strengths: Any, loaded: Bundle) -> None:
    with pytest.raises(UsageError, match="no such strength of cross-talk"):
        crosstalk(loaded, strengths)


def test_what_is_typed_wrong_is_refused(fails: Any, exported: Path) -> None:
    assert "no such strength" in fails(2, "fidelity", exported, "--crosstalk", -1)
    assert "not a bundle" in fails(3, "fidelity", "nothing")
    assert "--force" in fails(2, "fidelity", exported, "--force")
