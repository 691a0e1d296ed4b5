"""Lets tests import the examples, which are not installed: they stand beside the package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
