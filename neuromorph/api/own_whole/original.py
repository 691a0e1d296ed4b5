"""The float model that a bundle of a model of one's own was made from, without torch."""

from __future__ import annotations

from contextlib import closing

from neuromorph.api.original import check_same, original_path
from neuromorph.api.own_whole.floats import own_transformer
from neuromorph.api.own_whole.source import MAP, open_own
from neuromorph.bundle.whole import WholeBundle
from neuromorph.errors import UsageError
from neuromorph.files.opening import StrPath
from neuromorph.models.own.naming import naming_of
from neuromorph.models.source import digests
from neuromorph.translate.transformer import FloatTransformer


def own_original(bundle: WholeBundle, against: StrPath | None) -> FloatTransformer:
    """The model, read again by the map that the bundle keeps.

    Raises
    ------
    UsageError
        If it is not there, or is another one, or the bundle keeps no map.
    InputError
        If it cannot be read.
    """
    path = original_path(bundle, against, "against")
    fields = bundle.provenance.get(MAP)
    if not isinstance(fields, dict):
        raise UsageError("the bundle does not keep the map that its model was read by",
                         where=bundle.path, hint="export it again")
    with closing(open_own(path)) as source:
        check_same(bundle, digests(source.files), path)
        return own_transformer(source, naming_of(fields, f"the map in {bundle.path}"))
