"""Independent pieces of work, on this process, on several, or on a Dask cluster: one result.

A `Work` is a function and the items that it is applied to. `carry_out` applies it where a `Spread`
says, keeps what is done in a `Journal`, and returns results in the order of the items. Each
result passes the work's codec, wherever it was made: it is the same bytes with any number of
processes, and after any interruption.
"""

from __future__ import annotations

from neuromorph.parallel.codecs import ARRAYS, JSON, Codec
from neuromorph.parallel.running import Done, carry_out
from neuromorph.parallel.spread import HERE, Spread
from neuromorph.parallel.work import Doing, Work

__all__ = ["ARRAYS", "HERE", "JSON", "Codec", "Doing", "Done", "Spread", "Work", "carry_out"]
