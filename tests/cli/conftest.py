"""Fixtures for the command line; `cli_tools` and the bad files can be imported."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "robustness"), str(HERE.parent / "core")]

from adding_circuit import tiny  # noqa: E402
from cli_tools import bundle, cli, exported, fails, loaded, one_thread  # noqa: E402

__all__ = ["bundle", "cli", "exported", "fails", "loaded", "one_thread", "tiny"]
