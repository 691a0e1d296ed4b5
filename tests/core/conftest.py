"""Lets tests import what they share: ``from small_heads import heads``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
