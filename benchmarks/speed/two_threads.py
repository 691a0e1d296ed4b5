"""SmolLM2's forward pass of 512 tokens in spikes / in float by the clock, two threads.

Also with threads that sleep while they wait: torch's spin for a while after each of its operations.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory

from benchmarks.speed.child import fresh
from benchmarks.speed.figures import Figure, Plan, ratio
from benchmarks.speed.forward import pairs, prepare
from benchmarks.speed.models import KINDS

TOKENS, THREADS, GOAL = 512, 2, 1.2
OTHER_WAYS = {"OMP_WAIT_POLICY": "passive"}


def measure(plan: Plan) -> list[Figure]:
    with TemporaryDirectory() as folder:
        prepare(folder, TOKENS)
        usual = fresh(pairs, folder, TOKENS, plan.turns, THREADS, KINDS, threads=THREADS).result
        other = {f"{name}={value}": fresh(
            pairs, folder, TOKENS, plan.turns, THREADS, KINDS[:1], threads=THREADS,
            environment={name: value}).result for name, value in OTHER_WAYS.items()}
    return [*(ratio(f"{TOKENS} tokens, {kind}", usual[kind], GOAL) for kind in KINDS),
            *(ratio(f"{TOKENS} tokens, {KINDS[0]}, {way}", found[KINDS[0]], None, judged=False)
              for way, found in other.items())]
