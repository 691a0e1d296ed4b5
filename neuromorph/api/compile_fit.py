"""When a bundle does not fit: what it needs, the smallest board for it, and what would help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neuromorph.bundle import Bundle
from neuromorph.compile import Unit, fits
from neuromorph.compile.demand import demands, lower_bound, totals
from neuromorph.compile.limits import limits_of
from neuromorph.errors import FitError
from neuromorph.profiles import Profile, load_profile

NO_GRADED_SPIKES = ("A Loihi 2 profile: queries and drive are graded spikes, which Loihi 1 has "
                    "not; no lowering to plain spikes is built in yet.")


def needs_of(units: Sequence[Unit], profile: Profile) -> dict[str, int]:
    """Amounts by resource, and the cores that these alone take."""
    limits = limits_of(profile)
    found = [demands(unit, limits) for unit in units]
    return {**totals(found, limits), "cores at least": lower_bound(found, limits)[0]}


def smallest_board(
    units: Sequence[Unit], profile: Profile, names: Iterable[str]
) -> str | None:
    """The board of the same family with the fewest cores that takes the units, or None."""
    boards = [load_profile(name) for name in names]
    family = [board for board in boards if board.family == profile.family
              and board.neuron.programmable >= profile.neuron.programmable]
    for board in sorted(family, key=lambda b: b.cores_usable):
        if fits(units, board):
            return board.name
    return None


def changes_for(bundle: Bundle, profile: Profile, error: FitError) -> list[str]:
    """What would make it fit, as sentences."""
    heads = [head for code in bundle.codes.values() for head in code.heads]
    if not profile.neuron.graded_spikes:
        return [NO_GRADED_SPIKES]
    said = [] if error.hint is None else [error.hint[:1].upper() + error.hint[1:] + "."]
    if heads[0].graded and not profile.neuron.programmable:
        said.append("Export with binary spikes (`--spikes binary`), or pass --programmable.")
    else:
        said.append(f"A shorter context: the bundle has {heads[0].slots} slots; synaptic memory "
                    "grows with them in proportion.")
        said.append("Fewer layers on one board: heads do not talk to each other.")
    return said
