"""What an error says, and that nothing in a file can speak through it."""

from __future__ import annotations

import pickle

import pytest

from neuromorph import errors
from neuromorph.errors import NeuromorphError, did_you_mean, escaped, printable

CLASSES = [c for c in vars(errors).values()
           if isinstance(c, type) and issubclass(c, NeuromorphError)]


# --- the parts of a message


@pytest.mark.parametrize(("parts", "text"), [
    ({}, "it broke"),
    ({"where": "layer 3"}, "layer 3: it broke"),
    ({"found": 7}, "it broke; found 7"),
    ({"expected": "at most 5"}, "it broke; expected at most 5"),
    ({"hint": "use a smaller one"}, "it broke. Use a smaller one"),
    ({"where": "x", "found": (1, 2), "expected": (2, 1), "hint": "transpose it"},
     "x: it broke; found (1, 2); expected (2, 1). Transpose it"),
    ({"where": 0, "found": 0, "expected": 0}, "0: it broke; found 0; expected 0"),
    ({"where": None, "found": None, "expected": None, "hint": ""}, "it broke"),
])
def test_a_message_is_one_line_of_its_parts(parts: dict[str, object], text: str) -> None:
    error = NeuromorphError("it broke", **parts)  # type: ignore[arg-type]
    assert str(error) == text


def test_the_parts_stay_readable_one_by_one() -> None:
    error = NeuromorphError("w", where="a", found=1, expected=2, hint="h")
    assert (error.what, error.where, error.found, error.expected, error.hint) == (
        "w", "a", 1, 2, "h")


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_composes_its_message_and_survives_pickling(
    kind: type[NeuromorphError]
) -> None:
    """The Lava backend's child and pytest's workers send errors to another process."""
    error = kind("it broke", where="here", found=1, expected=2, hint="fix it")
    copy = pickle.loads(pickle.dumps(error))
    assert str(error) == str(copy) == "here: it broke; found 1; expected 2. Fix it"
    assert (copy.where, copy.hint, copy.exit_code) == ("here", "fix it", kind.exit_code)


@pytest.mark.parametrize(("kind", "builtin", "code"), [
    (errors.UsageError, ValueError, 2),
    (errors.OutputExistsError, FileExistsError, 2),
    (errors.MissingFileError, FileNotFoundError, 3),
    (errors.NetworkError, ValueError, 3),
    (errors.RangeProofError, OverflowError, 3),
    (errors.ProfileError, ValueError, 4),
    (errors.FitError, ValueError, 5),
    (errors.MissingExtraError, ImportError, 6),
    (errors.UnsupportedError, NotImplementedError, 6),
    (errors.DeadlineError, TimeoutError, 7),
    (errors.MemoryBudgetError, MemoryError, 7),
    (errors.WriteError, OSError, 7),
    (errors.DisagreementError, ArithmeticError, 8),
])
def test_a_python_programmer_catches_the_builtin(
    kind: type[NeuromorphError], builtin: type[Exception], code: int
) -> None:
    with pytest.raises(builtin, match="it broke"):
        raise kind("it broke")
    assert kind.exit_code == code


# --- names from files are not to be trusted

NASTY = "\x1b[2Jname\nforged line\x00\u202e"
ESCAPED = r"\x1b[2Jname\nforged line\x00\u202e"


def test_control_characters_are_escaped() -> None:
    assert printable(NASTY) == ESCAPED


def test_ordinary_text_of_any_script_is_left_alone() -> None:
    assert printable("Größe 重み 'q'\\") == "Größe 重み 'q'\\"


def test_a_text_may_keep_its_layout() -> None:
    assert escaped("a\n\tb\r\x1b\x7f\x85\u202e", keep="\n\t") == "a\n\tb" + r"\r\x1b\x7f\x85\u202e"
    assert escaped("a\nb") == r"a\nb"


def test_a_lone_surrogate_is_escaped() -> None:
    assert printable("\ud800") == r"\ud800"


@pytest.mark.parametrize(("length", "shown"), [(9, "x" * 9), (10, "x" * 10), (11, "x" * 9 + "…")])
def test_long_text_is_cut(length: int, shown: str) -> None:
    assert printable("x" * length, limit=10) == shown


@pytest.mark.parametrize("part", ["where", "found", "expected"])
def test_every_part_of_a_message_is_escaped_and_cut(part: str) -> None:
    text = str(NeuromorphError("it broke", **{part: NASTY + "x" * 1000}))  # type: ignore[arg-type]
    assert ESCAPED in text
    assert text.isprintable()
    assert len(text) < 250


def test_what_happened_is_escaped() -> None:
    assert str(NeuromorphError(f"cannot read {NASTY}")) == f"cannot read {ESCAPED}"


def test_a_hint_is_escaped() -> None:
    error = NeuromorphError("no such tensor", hint=did_you_mean("query", [NASTY, "z"]))
    assert str(error).isprintable()


# --- did you mean


@pytest.mark.parametrize(("name", "hint"), [
    ("refrence", "did you mean 'reference'?"),
    ("fas", "did you mean 'fast'?"),
    ("xyz", "choose one of: fast, lava, reference"),
])
def test_the_nearest_name_or_all_names(name: str, hint: str) -> None:
    assert did_you_mean(name, ["reference", "lava", "fast"]) == hint


def test_no_names_no_hint() -> None:
    assert did_you_mean("x", []) == ""
