"""What is no program at all is refused before it is judged."""

from __future__ import annotations

import pytest
from placed_programs import Change, population, projection, said, unit

from neuromorph.errors import FileFormatError, LearningRuleError

FORM: dict[str, tuple[Change, str]] = {
    "version": (lambda d, a: d.update(schema_version=2),
        "program: the program is of another schema version; found 2; expected 1"),
    "missing": (lambda d, a: d.pop("cores"), "program: the field cores is missing"),
    "type": (lambda d, a: unit(d).update(name=3),
        "unit 0: the field name is of another type; found 3; expected str"),
    "truth": (lambda d, a: projection(d, "match_out").update(delay=True),
        "small.match_out: the field delay is of another type; found True; expected int"),
    "model": (lambda d, a: population(d, "out").update(kind="CubaLIV"),
        ("small.out: the checker's table has no row for this neuron model; found CubaLIV; "
         "expected a row in compile/check/models.py. Did you mean 'CubaLIF'?")),
    "nobody": (lambda d, a: population(d, "out").update(size=0),
        "small.out: a population needs at least one neuron; found 0"),
    "twins": (lambda d, a: population(d, "third").update(name="plain"),
        "small: two populations have one name; found plain"),
    "nowhere": (lambda d, a: projection(d, "match_out").update(post="put"),
        "small.match_out: there is no such population; found put. Did you mean 'out'?"),
    "a name in a list": (
        lambda d, a: projection(d, "learner").update(modulators=[["third"], None, None]),
        "small.learner: there is no such population; found ['third']. Did you mean 'third'?"),
    "no weights": (lambda d, a: projection(d, "match_out").update(weights="w99"),
        "small.match_out: there are no weights of that name; found w99"),
    "shape": (lambda d, a: population(d, "late").update(size=1),
        ("small.match_late: weights are integers of shape (post, pre); found int8 (2, 6); "
         "expected (1, 6)")),
    "no name": (lambda d, a: projection(d, "match_out").update(name=""),
        "small: a name must be printable; found ''"),
    "a name that colours": (lambda d, a: population(d, "out").update(name="\x1b[1m"),
        "small: a name must be printable; found '\\x1b[1m'"),
    "twin projections": (lambda d, a: projection(d, "match_out").update(name="match_star"),
        "small: two projections have one name; found match_star"),
    "twin units": (lambda d, a: d["units"].append(unit(d)),
        "program: two units have one name; found small"),
    "no such late": (lambda d, a: unit(d)["late"].update(put=1),
        "small: there is no such population; found put. Did you mean 'out'?"),
    "half a step late": (lambda d, a: unit(d)["late"].update(out=0.5),
        "small: late: the field out is of another type; found 0.5; expected int"),
    "no rule": (lambda d, a: projection(d, "match_out").pop("rule"),
        "small.match_out: the field rule is missing"),
    "no letters": (lambda d, a: unit(d).pop("letters"), "small: the field letters is missing"),
    "odd letters": (
        lambda d, a: unit(d)["letters"].update(query={"values": [True], "one_hot": False}),
        "small.query: letters are whole numbers; found [True]"),
    "two modulators": (lambda d, a: projection(d, "match_out").update(modulators=[None] * 2),
        ("small.match_out: modulators are a name or null for each of y1, y2 and y3; "
         "found [None, None]")),
    "no modulator": (lambda d, a: projection(d, "learner").update(modulators=[["x"], None, None]),
        ("small.learner: there is no such population; found ['x']. Choose one of: late, match, "
         "out, plain, query, star, third")),
    "unnamed modulator": (
        lambda d, a: projection(d, "learner").update(modulators=["", None, None]),
        ("small.learner: there is no such population; found . Choose one of: late, match, "
         "out, plain, query, star, third")),
    "a rule's text": (lambda d, a: projection(d, "learner")["rule"].update(dw=3),
        "small.learner: the field dw is of another type; found 3; expected str"),
    "true slice": (lambda d, a: d["slices"].__setitem__(0, [False, "match", 0, 5, 0]),
        ("slice 0: a slice is [unit, population, start, stop, core]; "
         "found [False, 'match', 0, 5, 0]")),
    "true core": (lambda d, a: d["cores"].__setitem__(1, [0, True, 0]),
        "core 1: a core is [chip, column, row]; found [0, True, 0]"),
    "slice": (lambda d, a: d["slices"].__setitem__(0, [0, "match", 0, 5]),
        "slice 0: a slice is [unit, population, start, stop, core]; found [0, 'match', 0, 5]"),
    "core": (lambda d, a: d["cores"].__setitem__(1, [0, 0.5, 0]),
        "core 1: a core is [chip, column, row]; found [0, 0.5, 0]"),
}


@pytest.mark.parametrize("name", FORM)
def test_what_is_no_program_is_refused(name: str) -> None:
    change, text = FORM[name]
    with pytest.raises(FileFormatError) as error:
        said(change)
    assert str(error.value) == text


LEVELS: dict[str, tuple[Change, str]] = {
    "program": (lambda d, a: d.update(more=1), "program: the field more is unknown."),
    "unit": (lambda d, a: unit(d).update(lat=1),
        "small: the field lat is unknown. Did you mean 'late'?"),
    "population": (lambda d, a: population(d, "out").update(axons=1),
        "small.out: the field axons is unknown."),
    "parameters": (lambda d, a: population(d, "out")["parameters"].update(du=1),
        "small.out: the field du is unknown."),
    "projection": (lambda d, a: projection(d, "learner").update(delays=1),
        "small.learner: the field delays is unknown. Did you mean 'delay'?"),
    "rule": (lambda d, a: projection(d, "learner")["rule"].update(x4_tau=1),
        "small.learner: the field x4_tau is unknown."),
    "letters": (lambda d, a: unit(d)["letters"].update(
        query={"values": [1], "one_hot": True, "bits": 1}),
        "small.query: the field bits is unknown."),
}


@pytest.mark.parametrize("level", LEVELS)
def test_a_field_that_nothing_judges_is_refused(level: str) -> None:
    change, text = LEVELS[level]
    with pytest.raises(FileFormatError) as error:
        said(change)
    assert str(error.value).startswith(text)


def test_a_rule_that_is_none_is_refused() -> None:
    with pytest.raises(LearningRuleError, match="Loihi cannot run the term"):
        said(lambda d, a: projection(d, "learner")["rule"].update(dw="x1*y1"))
