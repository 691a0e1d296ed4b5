"""Norms of each head's queries and keys: what they add to a block, and a random Qwen3 whole.

Blocks of random integers with and without such norms, as networks and on cores. Then models of
random weights, no trained one being at hand, by transformers: a Qwen3 with gains from .3 to 2.3
beside a Llama that is as large; in integers, against float, on random tokens that calibration did
not see.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.block import PROFILE, SIZES, shorter
from neuromorph.backends.fast.transformer import run
from neuromorph.circuits.block.build import build
from neuromorph.circuits.block.tiny import tiny_block
from neuromorph.compile import Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.program_file import program_as_dict
from neuromorph.compile.ranges.contract import prove_contract
from neuromorph.huggingface.whole import float_transformer
from neuromorph.profiles import load_profile
from neuromorph.translate import TranslateOptions
from neuromorph.translate.block import BlockOptions
from neuromorph.translate.block.compared import cosines
from neuromorph.translate.transformer import translate_transformer

TOKENS, TEXTS, UNSEEN, VOCABULARY = 128, 6, 4, 500
MODELS: dict[str, dict[str, int]] = {
    "width 64, 2 blocks": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
                           "num_key_value_heads": 2, "head_dim": 32, "intermediate_size": 160},
    "width 256, 6 blocks": {"hidden_size": 256, "num_hidden_layers": 6, "num_attention_heads": 8,
                            "num_key_value_heads": 4, "head_dim": 64, "intermediate_size": 768},
}


def measure() -> dict[str, Any]:
    return {"blocks": {name: {kind: _block(sizes, head_norms=kind == "with norms")
                              for kind in ("without", "with norms")}
                       for name, sizes in SIZES.items()},
            "whole": {name: {family: _whole(family, sizes) for family in ("Llama", "Qwen3")}
                      for name, sizes in MODELS.items()}}


def _block(sizes: dict[str, int], *, head_norms: bool) -> dict[str, Any]:
    block = shorter(tiny_block(0, **sizes, head_norms=head_norms))
    network, profile = build(block), load_profile(PROFILE)
    prove_contract(network)
    program = compile_units([Unit("block", network)], profile).program
    if not check_program(*program_as_dict(program), profile).ok:
        raise SystemExit("the checker finds fault with a block")
    return {"period": block.period, "latency": block.timeline.end_at, "cores": program.cores,
            "populations": len(network.populations),
            "neurons": sum(p.size for p in network.populations if not p.is_source)}


def _whole(family: str, sizes: dict[str, int]) -> dict[str, Any]:
    model = _model(family, sizes)
    rng = np.random.default_rng(0)
    texts = [rng.integers(0, VOCABULARY, TOKENS) for _ in range(TEXTS + UNSEEN)]
    floats = float_transformer(model)
    whole = translate_transformer(floats, texts[:TEXTS], BlockOptions(
        attention=TranslateOptions(slots=TOKENS), correct=False), held_out=texts[TEXTS])
    found = [_compared(model, whole, text) for text in texts[TEXTS:]]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def _compared(model: Any, whole: Any, text: Any) -> dict[str, float]:
    import torch

    with torch.no_grad():
        said = model(torch.from_numpy(text)[None], output_hidden_states=True)
    passed = run(whole.model, text, streams=True)
    states = [cosines(whole.decoders[n](passed.streams[n]), state[0].double().numpy())
              for n, state in enumerate(said.hidden_states[:-1])]
    wanted = said.logits[0].double().log_softmax(-1)
    logits = torch.from_numpy(passed.answer) * 2.0**-whole.model.head.places
    found = logits.double().log_softmax(-1)
    return {"last hidden state, cosine": float(states[-1].mean()),
            "last hidden state, worst cosine": float(states[-1].min()),
            "logits, cosine": float(cosines(logits.double().numpy(), said.logits[0].double().numpy()
                                            ).mean()),
            "KL": float((wanted.exp() * (wanted - found)).sum(-1).mean()),
            "top-1": float((wanted.argmax(-1) == found.argmax(-1)).double().mean())}


def _model(family: str, sizes: dict[str, int]) -> Any:
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(
        **sizes, vocab_size=VOCABULARY, max_position_embeddings=512, initializer_range=.1,
        tie_word_embeddings=False)
    model = getattr(transformers, f"{family}ForCausalLM")(config).eval()
    with torch.no_grad():
        for name, gain in model.named_parameters():
            if name.endswith(("q_norm.weight", "k_norm.weight")):
                gain.copy_(.3 + 2 * torch.rand(gain.shape))
    return model
