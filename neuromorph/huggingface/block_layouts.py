"""Where the parts of a block are in models of each family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from neuromorph.models.families.base import Family
from neuromorph.models.families.bert import BERT
from neuromorph.models.families.gpt2 import GPT2
from neuromorph.models.families.llama import LLAMA
from neuromorph.models.families.vit import VIT
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class Layout(Shown):
    """Paths of a block's parts, and what kind of block they make.

    Attributes
    ----------
    family : Family
        Reads the configuration.
    model_types : frozenset of str
        Those of its models whose blocks are laid out so.
    layers : str
        Path of all blocks in the model without its head.
    norms : tuple of two str
        Paths in a block: the norms before attention and MLP; of a post-norm block, behind them.
    parts : mapping
        Role -> path in a block.
    beside : frozenset of str
        Paths of what has no weights and is known: dropouts, activations.
    activation : str
        Field of the configuration.
    layer_norm : bool
    first_norm : str
        Of a post-norm model: path of the norm before its first block.
    fused : str
        Path of the one projection that holds queries, keys and values.
    head_norms : mapping
        ``query_norm``, ``key_norm`` -> path in a block, of families whose heads have norms.
    """

    family: Family
    model_types: frozenset[str]
    layers: str
    norms: tuple[str, str]
    parts: Mapping[str, str]
    beside: frozenset[str]
    activation: str = "hidden_act"
    layer_norm: bool = True
    first_norm: str = ""
    fused: str = ""
    head_norms: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> frozenset[str]:
        """All that a block may hold."""
        return frozenset({*self.norms, *self.parts.values(), *self.head_norms.values(),
                          *self.beside} | (
            {self.fused} if self.fused else set()))


_LLAMA = Layout(
    LLAMA, LLAMA.model_types, "layers", ("input_layernorm", "post_attention_layernorm"),
    {"query": "self_attn.q_proj", "key": "self_attn.k_proj", "value": "self_attn.v_proj",
     "output": "self_attn.o_proj", "gate": "mlp.gate_proj", "up": "mlp.up_proj",
     "down": "mlp.down_proj"},
    frozenset({"mlp.act_fn"}), layer_norm=False)

LAYOUTS = (
    _LLAMA,
    replace(_LLAMA, model_types=frozenset({"qwen3"}), head_norms={
        "query_norm": "self_attn.q_norm", "key_norm": "self_attn.k_norm"}),
    Layout(
        BERT, frozenset({"bert", "camembert", "roberta", "xlm-roberta"}), "encoder.layer",
        ("attention.output.LayerNorm", "output.LayerNorm"),
        {"query": "attention.self.query", "key": "attention.self.key",
         "value": "attention.self.value", "output": "attention.output.dense",
         "gate": "intermediate.dense", "down": "output.dense"},
        frozenset({"attention.self.dropout", "attention.output.dropout", "output.dropout",
                   "intermediate.intermediate_act_fn"}),
        first_norm="embeddings.LayerNorm"),
    Layout(
        GPT2, GPT2.model_types, "h", ("ln_1", "ln_2"),
        {"output": "attn.c_proj", "gate": "mlp.c_fc", "down": "mlp.c_proj"},
        frozenset({"attn.attn_dropout", "attn.resid_dropout", "mlp.act", "mlp.dropout"}),
        activation="activation_function", fused="attn.c_attn"),
    Layout(
        VIT, frozenset({"vit"}), "layers", ("layernorm_before", "layernorm_after"),
        {"query": "attention.q_proj", "key": "attention.k_proj", "value": "attention.v_proj",
         "output": "attention.o_proj", "gate": "mlp.fc1", "down": "mlp.fc2"},
        frozenset({"mlp.activation_fn", "dropout"})))

WHY_NOT = {
    **dict.fromkeys(("olmo2", "olmo3"), "a norm of all heads' numbers together, and norms behind "
                    "layers inside a residual, have no circuit"),
    **dict.fromkeys(("gemma2", "gemma3", "gemma3_text"), "norms before and behind each layer, and "
                    "sliding windows of single layers, have no circuit"),
}
"""What stands in the way of models that people ask for, by their type."""
