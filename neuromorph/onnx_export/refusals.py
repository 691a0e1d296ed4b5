"""What has no exact form in ONNX, by name."""

from __future__ import annotations

from neuromorph.network import Network
from neuromorph.straight import why_not_straight


def why_not_onnx(network: Network) -> str | None:
    """The reason why a network cannot be written, or None; what is written is exact."""
    if network.domain != "fixed":
        return "it computes in floats, and the file holds integers"
    for p in network.populations:
        reason = why_not_straight(p.model)
        if reason:
            return f"{p.name} is a {p.model.kind}: {reason}"
    return None
