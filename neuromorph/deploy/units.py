"""A bundle's heads as the compiler's units, and the same with less of something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from neuromorph.bundle import Bundle
from neuromorph.circuits import hebbian_attention
from neuromorph.circuits.latency_attention import StaticAttention, build, codes_in
from neuromorph.compile import Unit
from neuromorph.errors import escaped
from neuromorph.network import Network
from neuromorph.translate import LayerCode, Sample

Memory: TypeAlias = Literal["static", "plastic"]


def units_of(bundle: Bundle, memory: Memory, *, slots: int | None = None) -> tuple[Unit, ...]:
    """One unit a query head.

    Parameters
    ----------
    bundle : Bundle
    memory : {"static", "plastic"}
    slots : int, optional
        Fewer than the heads were exported with.
    """
    return tuple(Unit(f"{escaped(name)}.{h}", network) for name, code in bundle.codes.items()
                 for h, network in enumerate(_networks(code, bundle.samples[name], memory, slots)))


def with_query_bits(units: Sequence[Unit], bits: int) -> tuple[Unit, ...]:
    """The same synapses behind queries of fewer bits: what they would take, not what they say."""
    return tuple(replace(unit, network=_narrowed(unit.network, bits)) for unit in units)


def _networks(
    code: LayerCode, sample: Sample, memory: Memory, slots: int | None
) -> list[Network]:
    heads = [head if slots is None else replace(head, slots=slots) for head in code.heads]
    if memory == "plastic":
        return [hebbian_attention.build(head) for head in heads]
    keys, _ = code.encode_keys(sample.keys)
    values, _ = code.encode_values(sample.values)
    fill = np.arange(heads[0].slots) % keys.shape[1]
    return [build(head, keys[h // code.group][fill], values[h // code.group][fill])
            for h, head in enumerate(heads)]


def _narrowed(network: Network, bits: int) -> Network:
    """A head with narrower queries; other circuits as they are."""
    circuit = network.parts[0].circuit if len(network.parts) == 1 else None
    if not isinstance(circuit, StaticAttention):
        return network
    head, weights = circuit.head, {p.name: p.weights for p in network.projections}
    narrow = replace(head, query_limit=min(head.query_limit, (1 << bits - 1) - 1))
    return build(narrow, *codes_in(head, weights))
