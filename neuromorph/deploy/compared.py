"""Figures to hold an estimate against: dense attention's memory traffic, and published systems."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from neuromorph.bundle import Bundle

BYTES_A_VALUE = 2
"""Keys and values in half precision."""

BITS_A_BYTE, PICO = 8, 1e-12

ORIN_BANDWIDTH, ORIN_WATTS = 68e9, 15.0
"""NVIDIA Jetson Orin Nano 8 GB: bytes a second, and the larger of its power budgets."""

DDR4_BANDWIDTH = 2 * 8 * 3200e6
"""Bytes a second of two channels of 8 bytes, 3200 million transfers a second each."""

LPDDR4X_BIT, DDR4_BIT = 4 * PICO, 15 * PICO
"""Joules of reading a bit, usual round figures; assumed."""

HALA_POINT_WATTS, HALA_POINT_CORES = 2600.0, 140_544
PILOTNET_JOULES, PILOTNET_OPERATIONS = 68.4e-6, 2.294e6
MATMUL_FREE_JOULES, MATMUL_FREE_TOKENS_A_SECOND = 0.405, 41.5


@dataclass(frozen=True)
class Figure:
    """A number with where it is from.

    Attributes
    ----------
    what : str
    value : float
    unit : str
    source : str
        Who published it, or what is assumed.
    """

    what: str
    value: float
    unit: str
    source: str


A_BYTE = (
    Figure("key-value cache that dense attention reads for one token", 1, "B",
           "half precision, all slots in use"),
    Figure("time of reading it on an edge GPU, NVIDIA Jetson Orin Nano 8 GB",
           1 / ORIN_BANDWIDTH, "s",
           "68 GB/s, vendor's data sheet; peak bandwidth and nothing cached, assumed"),
    Figure("energy of that edge GPU meanwhile, at most", ORIN_WATTS / ORIN_BANDWIDTH, "J",
           "15 W, the whole module's larger budget (7 to 15 W), vendor's data sheet; that all of "
           "it is spent, and peak bandwidth reached, is assumed"),
    Figure("time of reading it on a CPU with two channels of DDR4-3200", 1 / DDR4_BANDWIDTH, "s",
           "51.2 GB/s, 2 channels of 8 bytes at 3200 MT/s; peak bandwidth and nothing cached, "
           "assumed"),
    Figure("energy of reading it from DDR4", BITS_A_BYTE * DDR4_BIT, "J",
           f"{DDR4_BIT / PICO:g} pJ a bit, assumed; arithmetic and the CPU's idle power not "
           "counted"),
    Figure("energy of reading it from LPDDR4X", BITS_A_BYTE * LPDDR4X_BIT, "J",
           f"{LPDDR4X_BIT / PICO:g} pJ a bit, assumed; arithmetic not counted"),
)
"""What a byte that dense float attention reads costs; ``value`` is for one byte."""

PUBLISHED = (
    Figure("a whole 370M MatMul-free language model on 24 Loihi 2 chips, one token: all layers, "
           "where an estimate of heads is of attention alone",
           MATMUL_FREE_JOULES, "J", "measured by its authors, arXiv 2503.18002"),
    Figure("time of one token of that whole model", 1 / MATMUL_FREE_TOKENS_A_SECOND, "s",
           f"measured by its authors: {MATMUL_FREE_TOKENS_A_SECOND:g} tokens a second, "
           "arXiv 2503.18002"),
    Figure("power of a Loihi 2 core in Hala Point, at most",
           HALA_POINT_WATTS / HALA_POINT_CORES, "W",
           "Intel, April 2024: at most 2600 W, 140 544 cores; shared evenly, assumed"),
    Figure("one synaptic operation on Loihi 2, all else of a step in it", PILOTNET_JOULES
           / PILOTNET_OPERATIONS, "J", "measured, six runs of PilotNet, lava-dl's "
           "pilotnet_snn/benchmark.ipynb, 2022 to 2023: 68.4 µJ a step, 35 to 87"),
    Figure("one synaptic operation on Loihi 1", 23.6 * PICO, "J",
           "published, Davies et al. 2018"),
    Figure("one synaptic event on Loihi 1, dense synapses", 35.5 * PICO, "J",
           "fitted to measurements of a board, SANA-FE's Loihi model"),
)
"""Figures that do not depend on the bundle."""


def compared_with(bundle: Bundle) -> list[dict[str, Any]]:
    """What a token costs elsewhere, each with unit and source.

    ::

        bytes read = sum over key-value heads of slots * (key size + value size) * 2
        cost       = bytes read * cost of a byte

    Parameters
    ----------
    bundle : Bundle

    Returns
    -------
    list of dict
        `Figure` as plain values: costs of dense float attention, then published figures.
    """
    read = cache_bytes(bundle)
    costs = (replace(figure, value=read * figure.value) for figure in A_BYTE)
    return [asdict(figure) for figure in (*costs, *PUBLISHED)]


def cache_bytes(bundle: Bundle) -> int:
    """Bytes of keys and values of all layers, every slot in use."""
    return sum(len(code.key_scale) * code.shared.slots * BYTES_A_VALUE
               * (code.shared.key_size + code.shared.value_size)
               for code in bundle.codes.values())
