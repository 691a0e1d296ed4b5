"""Lets tests import the small models that the robustness tests are made from, and small blocks."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / part) for part in ("robustness", "core")]
