"""The numbers of Ellwood 2024, PLoS Comput Biol 20(1): e1011843, and how near ours should come.

Some are in its text, the rest read off its figures. Windows in s, times in ms.
"""

from __future__ import annotations

PAPER = "Ellwood 2024"

AUC_WITHIN, RATE_WITHIN, SUCCESS_WITHIN = 0.02, 0.03, 0.05
"""Tolerances: areas under the curve, true-positive rates, shares of value spikes."""

OFFSET_WITHIN, THRESHOLD_WITHIN = 0.05, 0.05
"""Tolerances: normalised response, ratios of thresholds."""

PEAK_WITHIN, WIDTH_WITHIN = 0.5, 2.0
"""Tolerances of the kernel's shape, ms; its width is published as about 10."""

FALSE_POSITIVES = (0.01, 0.05, 0.10, 0.20)
AUC = {0.5: 0.681, 1.0: 0.915, 2.0: 0.992}
TRUE_POSITIVES = {0.5: (0.141, 0.366, 0.447, 0.561), 1.0: (0.425, 0.758, 0.819, 0.887),
                  2.0: (0.917, 0.975, 0.983, 0.990)}
SUCCESS = {0.5: 0.336, 1.0: 0.683, 2.0: 0.913}
SPURIOUS = {0.5: 0.145, 1.0: 0.115, 2.0: 0.110}

JITTER_AUC = {1.0: 0.899, 2.0: 0.865}
JITTER_TRUE_POSITIVES = {1.0: 0.786, 2.0: 0.729}
"""In a window of 1 s, by jitter (ms); the rate at 10 % false positives."""

SUCCESS_BY_SPIKES = {0.5: {3: 0.12, 4: 0.70, 5: 0.93},
                     1.0: {3: 0.02, 4: 0.08, 5: 0.65, 6: 0.82, 7: 0.93}}

NOISE_FREE_AUC = {0.5: 0.86, 1.0: 0.985, 2.0: 1.0}
"""Derived, not published; the middle of .98 to .99."""

OFFSET_CURVE = {1: 0.02, 2: 0.14, 3: 0.36, 4: 0.62, 5: 0.83, 6: 0.96, 7: 1.0, 8: 0.98, 10: 0.85,
                12: 0.69, 16: 0.44, 20: 0.27}
PEAK, WIDTH = 7.0, 10.0
"""Lag of the largest response, and full width at half of it."""

KEY_SIZES = {0.05: (9, 180), 0.10: (12, 120), 0.25: (22, 88), 0.50: (54, 108)}
"""Query spikes and bins by spike probability: 1024 keys, 1 % false, 1 % missed, 10 % deleted;
derived, not published."""
