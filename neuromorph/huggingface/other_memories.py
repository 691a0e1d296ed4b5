"""Layers of transformers that keep a state instead of keys and values, and have no circuit."""

from __future__ import annotations

from typing import Any

CHANNELS = ("a key's channels decay each at its own rate, and this memory fades by one gate a "
            "token; turned keys would mix the channels")
SCAN = ("Mamba's state decays for each channel and dimension at a rate of its own, and this memory "
        "fades by one gate a token")
DUAL = ("Mamba-2's scan is linear attention with decay (keys B, queries C, values dt x), but there "
        "is nothing yet that answers its call")
NORMALISED = ("an answer is divided by a second memory, of gates that are exponentials without a "
              "limit")
MEAN = "no matrix is kept: for each channel a decaying mean, whose weights are exponentials of keys"

WHY = {
    "BailingHybridDeltaAttention": CHANNELS,
    "Glm5NextTextLinearAttention": CHANNELS,
    "KimiLinearDeltaAttention": CHANNELS,
    "FalconMambaMixer": SCAN,
    "JambaMambaMixer": SCAN,
    "MambaMixer": SCAN,
    "ZambaMambaMixer": SCAN,
    "BambaMixer": DUAL,
    "FalconH1Mixer": DUAL,
    "GraniteMoeHybridMambaLayer": DUAL,
    "Mamba2Mixer": DUAL,
    "NemotronHMamba2Mixer": DUAL,
    "Zamba2MambaMixer": DUAL,
    "RecurrentGemmaRglru": "a state for each channel, and no keys: nothing is associated",
    "RwkvSelfAttention": MEAN,
    "xLSTMLayer": NORMALISED,
}
"""The reason of each class, by name."""


def why_not(model: Any) -> tuple[str, str] | None:
    """The first such module of a model and its reason, None if there is none."""
    for name, module in model.named_modules():
        kind = type(module).__name__
        if kind in WHY:
            return name, f"{kind}: {WHY[kind]}"
    return None
