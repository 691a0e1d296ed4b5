"""``neuromorph export --whole``: what is asked for is checked before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_tools import Run


@pytest.mark.parametrize(("arguments", "code", "text"), [
    (["--partial"], 2, "Add --whole"),
    (["--whole"], 2, "calibrated on text"),
    (["--whole", "--target", "loihi1"], 2, "Loihi 2"),
    (["--whole", "--slots", "0"], 2, "slots"),
    (["--whole", "--calibrate", "none.txt"], 3, "no such file"),
])
def test_refusals(
    cli: Run, tmp_path: Path, arguments: list[str], code: int, text: str
) -> None:
    (tmp_path / "model").mkdir()
    done = cli("export", "model", "-o", "b", *arguments)
    assert (done.code, done.out) == (code, "")
    assert text in done.err
    assert not (tmp_path / "b").exists()
