"""Exit 0 if this Python can have hf.txt, 77 with a reason if not, else with pip's own error.

Nothing is installed: pip is only asked what it would install.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SKIP = 77
HF = Path(__file__).with_name("hf.txt")


def skip(reason: str) -> None:
    print(f"skipped: {reason}")
    sys.exit(SKIP)


def planned() -> list[str]:
    """Names of the packages that pip would install."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
               "--dry-run", "--report", "-", "--requirement", str(HF)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return [item["metadata"]["name"] for item in json.loads(done.stdout)["install"]]


def main() -> None:
    if sys.version_info < (3, 11):
        skip("transformers 5.23 needs Python 3.11 or later; "
             f"this is {sys.version.split()[0]} (choose another: make PYTHON=python3.11 ...)")
    cuda = [name for name in planned() if name.startswith("nvidia-")]
    if cuda and not os.environ.get("ACCEPT_CUDA"):
        skip("only torch's CUDA build (several GB) can be had for this Python here; "
             "install a CPU build into the environment first, or set ACCEPT_CUDA=1")


if __name__ == "__main__":
    main()
