"""What a kernel runs before the cells of a page: no colours, and a shell that fails with its parts.

A kernel asks all commands for colours, whoever started it. And the usual ``%%bash`` hands on what a
command prints in pieces of some bytes, and is content when only the last of a pipe went well.
"""

from __future__ import annotations

import os
import subprocess

for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR"):
    os.environ.pop(name, None)


def bash(_: str, cell: str) -> None:
    """Run a cell in bash, print all that it printed, and fail if any part of it did."""
    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", cell], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    print(done.stdout, end="")
    if done.returncode:
        raise RuntimeError(f"the shell ended with {done.returncode}")


get_ipython().register_magic_function(bash, "cell")  # type: ignore[name-defined]  # noqa: F821
