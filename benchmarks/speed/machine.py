"""What the machine itself can do on one thread: products and copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.linalg.blas import sgemm

from benchmarks.speed.child import fresh
from benchmarks.speed.figures import Figure, Plan, in_turns

SIZE, COPIED = 1024, 1 << 28
"""Rows of a square matrix; bytes of a copy, far more than any cache."""


def measure(plan: Plan) -> list[Figure]:
    done = fresh(limits, plan.turns, threads=1).result
    return [Figure(name, value, unit, judged=False) for name, value, unit in done]


def limits(turns: int) -> list[Any]:
    a = np.random.default_rng(0).normal(size=(SIZE, SIZE)).astype(np.float32)
    b, old = torch.from_numpy(a), np.ones(COPIED, np.uint8)
    new, products = np.empty_like(old), np.empty_like(a)
    new[:] = 0
    f = np.asfortranarray(a)
    works = [lambda: np.matmul(a, a, out=products), lambda: sgemm(1.0, f, f),
             lambda: torch.mm(b, b), lambda: np.copyto(new, old)]
    numpy_s, scipy_s, torch_s, copy_s = map(min, zip(*in_turns(works, turns, "processor"),
                                                     strict=True))
    giga = SIZE**3 / 1e9
    return [("NumPy, float32 products", giga / numpy_s, "G multiply-adds/s"),
            ("SciPy, float32 products (those of compiled code)", giga / scipy_s,
             "G multiply-adds/s"),
            ("torch, float32 products", giga / torch_s, "G multiply-adds/s"),
            ("memory, copied", COPIED / 1e9 / copy_s, "GB/s")]
