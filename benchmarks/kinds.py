"""The kinds of heads that fidelity is measured of."""

from __future__ import annotations

from neuromorph.translate import TranslateOptions

KINDS = {
    "graded": TranslateOptions(),
    "binary": TranslateOptions(spikes="binary"),
    "binary_for_loihi1": TranslateOptions(spikes="binary", target="loihi1"),
}
