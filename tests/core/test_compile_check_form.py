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
        "small.out: unknown neuron model; found CubaLIV. Did you mean 'CubaLIF'?"),
    "nobody": (lambda d, a: population(d, "out").update(size=0),
        "small.out: a population needs at least one neuron; found 0"),
    "twins": (lambda d, a: population(d, "third").update(name="plain"),
        "small: two populations have one name"),
    "nowhere": (lambda d, a: projection(d, "match_out").update(post="put"),
        "small.match_out: there is no such population; found put. Did you mean 'out'?"),
    "no name": (lambda d, a: projection(d, "learner").update(modulators=[["third"], None, None]),
        "small.learner: there is no such population; found ['third']. Did you mean 'third'?"),
    "no weights": (lambda d, a: projection(d, "match_out").update(weights="w99"),
        "small.match_out: there are no weights of that name; found w99"),
    "shape": (lambda d, a: population(d, "late").update(size=1),
        ("small.match_late: weights are integers of shape (post, pre); found int8 (2, 6); "
         "expected (1, 6)")),
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


def test_a_rule_that_is_none_is_refused() -> None:
    with pytest.raises(LearningRuleError, match="Loihi cannot run the term"):
        said(lambda d, a: projection(d, "learner")["rule"].update(dw="x1*y1"))
