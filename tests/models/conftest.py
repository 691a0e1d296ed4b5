"""Lets tests import the small models that the robustness tests are made from."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "robustness"))
