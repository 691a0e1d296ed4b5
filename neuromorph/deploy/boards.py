"""The chip or board that a bundle is compiled for: as named, or the smallest that takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from neuromorph.bundle import Bundle
from neuromorph.compile import Unit, cores_at_least, cores_taken
from neuromorph.errors import ProfileError, UsageError
from neuromorph.profiles import Profile, load_profile, profile_names
from neuromorph.shown import Shown


@dataclass(frozen=True, repr=False)
class Chosen(Shown):
    """A target, and why it is that one.

    Attributes
    ----------
    profile : Profile
    why : str or None
        None for a profile that was named.
    """

    profile: Profile
    why: str | None = None


def named(profile: str, *, programmable: bool = False) -> Chosen:
    """The profile that was asked for.

    Raises
    ------
    MissingFileError, ProfileError, UsageError
    """
    found = load_profile(profile)
    if not programmable:
        return Chosen(found)
    if found.family == "loihi1":
        raise UsageError("Loihi 1 has no programmable neurons, which graded spikes and whole "
                         "models need", found=found.name,
                         hint="Name a Loihi 2, or leave out --profile: the smallest that will do "
                              "is chosen")
    return Chosen(_programmed(found))


def _programmed(board: Profile) -> Profile:
    """The board with neurons of our own, if its chips can run any."""
    if board.family == "loihi1" or board.neuron.programmable:
        return board
    title = f"{board.title.replace(', stock neurons', '')}, programmable neurons"
    neuron = board.neuron.model_copy(update={"programmable": True})
    return replace(board, title=title, neuron=neuron)


def whole_fitting(units: Sequence[Unit], what: str = "the model") -> Chosen:
    """The smallest known board that takes a whole model, say; if none does, the largest.

    Raises
    ------
    ProfileError
        If no profile is known of a chip with programmable neurons.
    """
    known = sorted(_boards(), key=lambda board: (board.cores_usable,
                                                 not board.neuron.programmable, *_size(board)))
    boards = [board for board in map(_programmed, known) if board.neuron.programmable]
    if not boards:
        raise ProfileError("no profile that is known has programmable neurons",
                           hint="name one with --profile; the known ones: neuromorph profiles list")
    found = _first(units, boards)
    if found is None:
        return Chosen(boards[-1], f"the largest that is known; none takes {what}")
    return Chosen(found, f"the smallest that takes {what}")


def fitting(bundle: Bundle, units: Sequence[Unit], *, programmable: bool = False) -> Chosen:
    """The smallest known chip or board that takes a bundle; if none does, the largest of its kind.

    Heads that are made for Loihi 1's registers go to a Loihi 1, if one takes them.

    Parameters
    ----------
    bundle : Bundle
    units : sequence of Unit
        Its heads.
    programmable : bool
        Only boards with programmable neurons.

    Raises
    ------
    ProfileError
        If no profiles came with the package.
    """
    boards = sorted((board for board in _boards() if board.neuron.programmable >= programmable),
                    key=lambda board: (board.neuron.input_bits, *_size(board)))
    found = _first(units, boards)
    if found is not None:
        return Chosen(found, f"the smallest that takes the bundle; {_kind(bundle, found)}")
    able = [board for board in boards if _suits(bundle, board)]
    if not able:
        raise ProfileError("no profile that is known suits the bundle",
                           hint="name one with --profile; the known ones: neuromorph profiles list")
    return Chosen(able[-1], "the largest that is known; none takes the bundle")


def smallest_board(
    units: Sequence[Unit], profile: Profile, *, programmable: bool = False
) -> str | None:
    """The known chip or board with the fewest cores that takes the units, or None.

    Of the profile's own family, if there is one: another family is another export.
    """
    boards = map(_programmed, _boards()) if programmable else _boards()
    found = _first(units, sorted(boards, key=lambda board: (board.family != profile.family,
                                                            *_size(board))))
    return None if found is None else found.name


def _boards() -> Iterator[Profile]:
    return filter(attrgetter("limited"), map(load_profile, profile_names()))


def _size(board: Profile) -> tuple[int, bool, int]:
    """Few cores first; of as many, stock neurons; of the same, the one that others extend."""
    return board.cores_usable, board.neuron.programmable, len(board.lineage)


def _first(units: Sequence[Unit], boards: Sequence[Profile]) -> Profile | None:
    """The first board that takes the units.

    They are packed once for each kind of chip, if any board of it has as many cores as the bound.
    """
    least: dict[Any, int | None] = {}
    taken: dict[Any, int | None] = {}
    for board in boards:
        chip = board.core, board.neuron, board.synapse, board.learning
        if chip not in least:
            least[chip] = cores_at_least(units, board)
        bound = least[chip]
        if bound is None or bound > board.cores_usable:
            continue
        if chip not in taken:
            taken[chip] = cores_taken(units, board)
        cores = taken[chip]
        if cores is not None and cores <= board.cores_usable:
            return board
    return None


def _suits(bundle: Bundle, board: Profile) -> bool:
    """Whether a board's chips are of the kind that the heads are made for."""
    head = next(iter(bundle.codes.values())).heads[0]
    return (head.input_bits <= board.neuron.input_bits
            and (board.neuron.programmable or not head.graded))


def _kind(bundle: Bundle, board: Profile) -> str:
    """What of the bundle decides between kinds of chips."""
    head = next(iter(bundle.codes.values())).heads[0]
    if head.graded:
        return "graded spikes need programmable neurons"
    if board.family == "loihi1":
        return "its heads are made for Loihi 1"
    return "its spikes are binary"
