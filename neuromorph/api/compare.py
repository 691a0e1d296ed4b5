"""The same integer work on several backends, compared to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from neuromorph import backends
from neuromorph.backends import AttentionBatch
from neuromorph.errors import DisagreementError
from neuromorph.progress import Progress, silent


@dataclass(frozen=True)
class Comparison:
    """One backend against the first one.

    Attributes
    ----------
    backend, against, evidence : str
    what : str
        Which work.
    queries : int
        Query-heads compared.
    """

    backend: str
    against: str
    evidence: str
    what: str
    queries: int


def compare(
    what: str, work: AttentionBatch, names: Sequence[str], progress: Progress = silent
) -> list[Comparison]:
    """Run work on every backend; control, normaliser, spike times and payloads must agree.

    Raises
    ------
    DisagreementError
        Naming the first field that differs.
    """
    first = backends.attend(names[0], work, times=True)
    result = []
    for name in names[1:]:
        progress(f"{what} on {name}")
        other = backends.attend(name, work, times=True)
        field = first.differs_from(other)
        if field is not None:
            raise DisagreementError("two backends do not agree to the bit", where=what,
                                    found=f"{names[0]} and {name} differ in {field}")
        result.append(Comparison(name, names[0], backends.get(name).evidence, what,
                                 first.spikes.size))
    return result


def part_of(work: AttentionBatch, batch: int, head: int, queries: int) -> AttentionBatch:
    """A few queries of one head of one sequence: small enough for a clocked backend."""
    kv = head // (work.queries.shape[1] // work.keys.shape[1])
    return replace(
        work, heads=[work.heads[head]],
        queries=work.queries[batch : batch + 1, head : head + 1, :queries],
        keys=work.keys[batch : batch + 1, kv : kv + 1],
        values=work.values[batch : batch + 1, kv : kv + 1],
        mask=work.mask[batch : batch + 1, :queries])
