"""Lets tests import the mutators beside them, and the small models that they begin with."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "robustness"), str(HERE.parent / "core")]
