"""Lets tests import what they test, which is a script and not of the package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
