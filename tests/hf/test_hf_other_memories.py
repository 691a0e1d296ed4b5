"""Which of transformers' layers with a state are answered, and which are refused, by name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from neuromorph.errors import UnsupportedError
from neuromorph.huggingface.delta_spikes import delta_spikes
from neuromorph.huggingface.other_memories import WHY

pytestmark = pytest.mark.hf
torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from hf_delta import texts  # noqa: E402

STATE = re.compile(r"\b(A_log|update_recurrent_state|set_linear_cache|rwkv_linear_attention\(|"
                   r"mlstm_backend|_rnn_scan)")
"""What layers with a state have that others have not."""

PARTS = ("ForgetGate", "Model", "Cache", "ZayaCCAProjection")
"""Parts of such layers, and convolutions that use their cache."""

ANSWERED = {"MiniMaxLightningAttention", "OlmoHybridGatedDeltaNet", "Qwen3NextGatedDeltaNet",
            "Qwen3_5GatedDeltaNet", "Qwen3_5MoeGatedDeltaNet", "Qwen4ExpTextGatedDeltaNet"}


def layers_with_a_state() -> set[str]:
    found = set()
    for path in Path(transformers.__path__[0], "models").glob("*/modeling_*.py"):
        source = path.read_text("utf-8")
        if STATE.search(source):
            lines = source.splitlines()
            found |= {node.name for node in ast.walk(ast.parse(source))
                      if isinstance(node, ast.ClassDef) and not node.name.endswith(PARTS)
                      and STATE.search("\n".join(lines[node.lineno : node.end_lineno]))}
    return found


def test_each_is_answered_or_has_a_reason() -> None:
    assert layers_with_a_state() == ANSWERED | set(WHY)


def test_a_model_of_another_kind_is_refused_with_its_reason() -> None:
    config = transformers.Mamba2Config(vocab_size=200, hidden_size=16, num_hidden_layers=1,
                                       num_heads=4, head_dim=8, state_size=8, n_groups=1)
    with pytest.raises(UnsupportedError, match=r"layers\.0\.mixer: .*Mamba2Mixer: Mamba-2's scan"):
        delta_spikes(transformers.Mamba2Model(config).eval(), [texts(1, 4)])
