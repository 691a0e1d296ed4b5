"""Lets tests import the generators beside them: ``from bad_files import BAD_FILES``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
