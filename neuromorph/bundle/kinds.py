"""All kinds of bundles: of attention, of a whole model, of memories."""

from __future__ import annotations

from typing import TypeAlias

from neuromorph.bundle.bundle import Bundle, load_bundle
from neuromorph.bundle.manifest import kind_said
from neuromorph.bundle.memories import KIND as MEMORIES
from neuromorph.bundle.memories import MemoriesBundle, load_memories
from neuromorph.bundle.whole import WholeBundle, load_whole
from neuromorph.bundle.whole.bundle import KIND as WHOLE
from neuromorph.files.opening import StrPath

AnyBundle: TypeAlias = Bundle | WholeBundle | MemoriesBundle


def load_any(bundle: AnyBundle | StrPath) -> AnyBundle:
    """A bundle of the kind that its manifest says, if it is none yet.

    Raises
    ------
    MissingFileError, BundleError, TensorError, RangeProofError
    """
    if isinstance(bundle, Bundle | WholeBundle | MemoriesBundle):
        return bundle
    kind = kind_said(bundle)
    if kind == MEMORIES:
        return load_memories(bundle)
    return load_whole(bundle) if kind == WHOLE else load_bundle(bundle)
