"""A tiny language model with a tokenizer of bytes, as a folder, and text for it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from small_whole import VOCABULARY, tokenizer_json

TEMPLATE = ("{% for m in messages %}<|begin|>{{ m.role }}: {{ m.content | trim }}\n{% endfor %}"
            "{% if add_generation_prompt %}model: {% endif %}")

WORDS = ("a", "spike", "fires", "late", "and", "the", "key", "writes", "neuron", "reads", "it")


def passages(count: int, words: int = 10, seed: int = 0) -> list[str]:
    chosen = random.Random(seed)
    return [" ".join(chosen.choices(WORDS, k=words)) for _ in range(count)]


def save_text(path: Path, count: int = 24, words: int = 10, seed: int = 0) -> Path:
    path.write_text("\n".join(passages(count, words, seed)) + "\n", "utf-8")
    return path


def save_language_model(folder: Path, seed: int = 0, template: str | None = TEMPLATE,
                        family: str = "Llama", **sizes: Any) -> Path:
    import torch
    import transformers
    from tokenizers import Tokenizer

    torch.manual_seed(seed)
    config = getattr(transformers, f"{family}Config")(**{
        "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 256, "tie_word_embeddings": True, "initializer_range": 0.2,
        "bos_token_id": 257, "eos_token_id": 256, **sizes})
    model = getattr(transformers, f"{family}ForCausalLM")(config)
    with torch.no_grad():
        for name, gain in model.named_parameters():
            if name.endswith(("q_norm.weight", "k_norm.weight")):
                gain.copy_(.5 + 2 * torch.rand(gain.shape))
    model.eval().save_pretrained(folder)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(tokenizer_json().decode()), eos_token="<|end|>",
        bos_token="<|begin|>")
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# Tiny\n")
    return folder
