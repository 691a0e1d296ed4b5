"""Any bundle's networks as the compiler's units."""

from __future__ import annotations

from neuromorph.bundle.kinds import AnyBundle
from neuromorph.bundle.memories import MemoriesBundle
from neuromorph.bundle.whole import WholeBundle
from neuromorph.compile import Unit
from neuromorph.deploy.memories import memory_units
from neuromorph.deploy.units import Memory, units_of
from neuromorph.deploy.whole import unit_of


def all_units(bundle: AnyBundle, memory: Memory) -> tuple[Unit, ...]:
    """One unit a head or memory; a whole model is one."""
    if isinstance(bundle, MemoriesBundle):
        return memory_units(bundle)
    return (unit_of(bundle),) if isinstance(bundle, WholeBundle) else units_of(bundle, memory)
