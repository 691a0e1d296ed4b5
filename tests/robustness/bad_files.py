"""Bad model files, one generator each: what to make, which error it is, what the text says.

``BAD_FILES`` is a list of (name, make(folder) -> path to give to the door, class, fragment);
the number in a name is the row of the project's list of bad inputs.
"""

from __future__ import annotations

from bad_containers import FILES, HEADERS
from bad_makers import BadFile
from bad_models import CONFIGS, SHAPES, SHARDS, VALUES

BAD_FILES: list[BadFile] = [*FILES, *HEADERS, *SHAPES, *SHARDS, *CONFIGS, *VALUES]
