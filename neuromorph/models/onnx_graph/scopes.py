"""Names of layers, as exporters leave them: in a node's name, or in what is noted beside it.

::

    TorchScript   /encoder/layer.0/attention/Softmax
    dynamo        pkg.torch.onnx.name_scopes = ['', 'encoder', 'encoder.layer.0', …, 'softmax']
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_SCOPE = re.compile(r"/?(?P<scope>[\w./]+)/\w+")
_NOTED = "pkg.torch.onnx.name_scopes"
_QUOTED = re.compile(r"'([\w.]*)'")
_LONGEST = 1 << 14


def names_of(nodes: Sequence[Any]) -> list[str]:
    """The modules that hold some nodes, if each has one of its own; else numbers."""
    found = [scope_of(node) for node in nodes]
    if all(found) and len(set(found)) == len(found):
        return found
    return [f"attention.{number}" for number in range(len(nodes))]


def scope_of(node: Any) -> str:
    """The module that a node belongs to; empty if nobody says."""
    for entry in node.metadata_props:
        if entry.key == _NOTED:
            scopes = _QUOTED.findall(entry.value[:_LONGEST])
            return scopes[-2] if len(scopes) > 1 else ""
    match = _SCOPE.fullmatch(node.name)
    return match["scope"].replace("/", ".") if match else ""
