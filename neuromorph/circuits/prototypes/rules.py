"""How a prototype learns its label; its code is learned as keys of Hebbian attention are.

::

    code     w <- w + y1 y0 (2 x1 - w)      `hebbian_attention.KEY_RULE`: W = 2 · 7-bit code
    label    w <- w + 2 x0 y1               x0: the row fires, y1: its class is taught

Both wait for one spike of the row that is written. The third factors, ``store`` of the code and
``teach`` of the label, are silent in queries: nothing is learned then, whoever fires.
"""

from __future__ import annotations

from neuromorph.learning import LearningRule

TAUGHT = 1
"""Payload of the class that is taught."""

LABEL_WEIGHT = 2 * TAUGHT
"""What a label's synapse holds when it is written."""

LABEL_RULE = LearningRule(dw="2^1*x0*y1", sign="excitatory")
