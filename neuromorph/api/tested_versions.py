"""The packages each part of neuromorph needs, and the version it was tested with.

The same versions stand in ``requirements/`` and ``pyproject.toml``; a test holds them equal.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from neuromorph.shown import Shown

Group: TypeAlias = Literal["core", "lava", "nengo", "hf", "nir", "onnx", "distributed", "plot",
                            "docs", "dev"]


@dataclass(frozen=True, repr=False)
class Package(Shown):
    """A package and its tested versions.

    Attributes
    ----------
    name : str
        As the package registry knows it.
    group : str
        ``core``, or the extra that it belongs to.
    versions : mapping of int to str
        Tested version from this Python 3 minor version on; empty if none was tested yet.
    """

    name: str
    group: Group
    versions: Mapping[int, str]

    def version(self, minor: int = sys.version_info.minor) -> str | None:
        """The version tested with Python 3.``minor``, or None."""
        since = [m for m in self.versions if m <= minor]
        return self.versions[max(since)] if since else None


PACKAGES = (
    Package("numpy", "core", {10: "1.26.4", 13: "2.3.5"}),
    Package("scipy", "core", {10: "1.15.3", 11: "1.17.1"}),
    Package("numba", "core", {10: "0.68.1"}),
    Package("pydantic", "core", {10: "2.14.3"}),
    Package("typer", "core", {10: "0.29.1", 11: "0.29.2"}),
    Package("rich", "core", {10: "15.0.0"}),
    Package("safetensors", "core", {10: "0.8.0"}),
    Package("ml-dtypes", "core", {10: "0.5.4"}),
    Package("tomli-w", "core", {10: "1.2.0"}),
    Package("lava-nc", "lava", {10: "0.10.0"}),
    Package("networkx", "lava", {10: "3.4.2", 11: "3.6.1"}),
    Package("asteval", "lava", {10: "1.0.10"}),
    Package("nengo", "nengo", {10: "4.1.0"}),
    Package("nengo-loihi", "nengo", {10: "1.1.0"}),
    # torch and transformers were run with 3.11; with 3.12 and 3.13 pip agrees, no more
    Package("torch", "hf", {11: "2.13.0"}),
    Package("transformers", "hf", {11: "5.23.0"}),
    Package("accelerate", "hf", {11: "1.15.0"}),
    Package("gguf", "hf", {11: "0.19.0"}),
    Package("nir", "nir", {10: "1.0.8"}),
    Package("onnx", "onnx", {10: "1.23.2"}),
    Package("onnxruntime", "onnx", {11: "1.32.0"}),
    Package("distributed", "distributed", {11: "2026.8.0"}),
    Package("matplotlib", "plot", {10: "3.10.9", 11: "3.11.2"}),
    Package("sphinx", "docs", {11: "8.1.3"}),
    Package("myst-nb", "docs", {11: "1.4.0"}),
    Package("pydata-sphinx-theme", "docs", {11: "0.19.0"}),
    Package("sphinx-design", "docs", {11: "0.8.0"}),
    Package("sphinx-copybutton", "docs", {11: "0.5.2"}),
    Package("ipykernel", "docs", {11: "7.4.0"}),
    Package("pytest", "dev", {10: "9.2.0"}),
    Package("pytest-xdist", "dev", {10: "3.8.0"}),
    Package("hypothesis", "dev", {10: "6.168.5", 11: "6.170.15"}),
    Package("jaxtyping", "dev", {10: "0.3.7", 11: "0.3.11"}),
    Package("scikit-learn", "dev", {10: "1.7.2", 11: "1.9.1"}),
    Package("ruff", "dev", {10: "0.17.6"}),
    Package("mypy", "dev", {10: "2.4.1"}),
    Package("setuptools", "dev", {10: "84.2.1"}),
)
