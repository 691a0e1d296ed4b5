"""Compile heads of SmolLM2's shape: cores against the lower bound, traffic, time, growth."""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from typing import Any

import numpy as np

from neuromorph.circuits.latency_attention import LatencyAttention, build
from neuromorph.compile import Program, Unit, compile_units
from neuromorph.compile.check import check_program
from neuromorph.compile.packing.cut import in_declared_order
from neuromorph.compile.packing.place import hops, row_by_row
from neuromorph.compile.packing.traffic import traffic
from neuromorph.compile.program_file import program_as_dict
from neuromorph.profiles import load_profile

HEADS, KV_HEADS, SIZE = 270, 90, 64
CONTEXTS = (64, 128, 256, 512, 1024, 2048)
PARTS = (34, 68, 135, 270, 540)
BOARDS = ("kapoho_point", "hala_point")


def measure() -> dict[str, Any]:
    contexts = [one(slots, HEADS, "kapoho_point") for slots in CONTEXTS]
    growth = [one(512, heads, "hala_point") for heads in PARTS]
    return {"heads": HEADS, "key_size": SIZE, "by_context_on_kapoho_point": contexts,
            "by_heads_at_512_on_hala_point": growth,
            "peak_memory_GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def one(slots: int, heads: int, board: str) -> dict[str, Any]:
    """Build, compile and check; all times in seconds."""
    profile = load_profile(board)
    began = time.perf_counter()
    units = units_of(slots, heads)
    built = time.perf_counter()
    state = compile_units(units, profile)
    compiled = time.perf_counter()
    violations = check_program(*program_as_dict(state.program), profile).violations
    checked = time.perf_counter()
    program, limits = state.program, state.limits
    links = traffic(program)
    plain = Program(program.profile, units, in_declared_order(state.demands, limits))
    there = row_by_row(plain.cores, limits)
    return {
        "slots": slots, "heads": heads, "cores": program.cores, "bound": state.lower_bound,
        "cores_to_bound": program.cores / state.lower_bound, "worst": state.worst_resource,
        "chips": program.chips, "slices": len(program.slices), "violations": len(violations),
        "packets": links.between_cores, "hops": hops(links, program.places, limits),
        "hops_row_by_row": hops(traffic(plain), there, limits),
        "build": built - began, "compile": compiled - built, "check": checked - compiled}


def units_of(slots: int, heads: int) -> tuple[Unit, ...]:
    """Random codes in heads of graded spikes; each key-value head serves three query heads."""
    head = LatencyAttention(
        slots=slots, key_size=SIZE, value_size=SIZE, spikes="graded", key_shift=6, ramp=1500,
        window=16, score_bound=32_600, latest=30_000, query_limit=126, key_limit=127,
        value_limit=127, value_shift=8, control_decay=2048, unit=254)
    rng = np.random.default_rng(0)
    units = []
    for h in range(heads):
        if h % (HEADS // KV_HEADS) == 0:
            keys, values = (rng.integers(1, 128, (slots, SIZE)) * rng.choice([-1, 1], (slots, SIZE))
                            for _ in range(2))
        own = replace(head, window=head.window + h % 3)
        units.append(Unit(f"head {h}", build(own, keys, values)))
    return tuple(units)
