"""Values that a reader may not expect, and the text forms of some that a parser would not write."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

RAW = "@raw:"
"""A text that begins so stands for its rest, unquoted, when the tree is written."""
AGAIN = "@again:"
"""A key that begins so stands for its rest: one key twice in an object."""

INTEGERS = (0, 1, -1, 2, 3, 7, 8, 127, 128, 255, 256, 2**15, 2**16, 2**24, 2**31 - 1, 2**31,
            -(2**31), 2**32, 2**53, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63), 10**19, 10**30)
FLOATS = (0.0, -0.0, 0.5, -1.5, 1e-320, 1e-9, 1e15, 1e300, -1e300)
TEXTS = ("", " ", "a", "F32", "\0", "a\0b", "\x1b[31mred", "a\nb", "\t", "\u202eright", "é",
         "e\u0301", "ﬁ", "\U0001f9e0", "x" * 300, "x" * 5000, "../../up", "/etc/hostname", "C:\\a",
         "{{ x }}", "${HOME}", "%s%n", "None", "nan", "inf", "true", "__metadata__", "-", "0")
JSON_RAWS = ("NaN", "Infinity", "-Infinity", "1e999", "-0", "1" * 25, "9" * 6000, "1.0", "1E2",
             "0.1" + "0" * 400, '"\\ud800"', '"\\udc00\\ud800"', "[" * 30 + "]" * 30,
             "[" * 3000 + "]" * 3000, '{"a":' * 200 + "1" + "}" * 200, "01", "+1", "'a'", "tru",
             "// comment", '"\\x41"', "1_000", "\ufeff1")
TOML_RAWS = ("nan", "inf", "-inf", "+nan", "1e999", "0x7f", "0o17", "0b1", "1_000", "9" * 6000,
             "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", '"""\nlong\n"""', "'raw'",
             "[" * 60 + "]" * 60, "[" * 3000 + "]" * 3000, "{a = 1}", "{a.b = 1}", '"\\u0000"',
             '"\\ud800"', "tru", "[1, 'a', {}]", "1\n[chip]", "0\n2 = 1")


def odd(rng: Random, raws: tuple[str, ...] = ()) -> Any:
    """One such value of any type."""
    kind = rng.randrange(10)
    if kind < 3:
        return rng.choice(INTEGERS)
    if kind < 4:
        return rng.choice(FLOATS)
    if kind < 6:
        return rng.choice(TEXTS)
    if kind < 8 and raws:
        return RAW + rng.choice(raws)
    return rng.choice((None, True, False, [], {}, [0], [[]], {"value": 1}, [None] * 9, ["a"] * 40))


def near(rng: Random, old: Any, raws: tuple[str, ...] = ()) -> Any:
    """Something of the same type and not far from it, which a first check may let pass."""
    if isinstance(old, bool):
        return rng.choice((not old, int(old), str(old).lower()))
    if isinstance(old, int):
        return rng.choice((old + 1, old - 1, -old, 2 * old, old // 2, 0, float(old), str(old),
                           old + rng.randrange(-9, 10), rng.choice(INTEGERS)))
    if isinstance(old, float):
        return rng.choice((-old, old * 2, old / 2, old + 1e-9, old * 1e9, old / 1e9, 0.0,
                           str(old), rng.choice(FLOATS)))
    if isinstance(old, str):
        return near_text(rng, old)
    return odd(rng, raws)


def near_text(rng: Random, old: str) -> str:
    """The text with a character more, fewer or another, or with another case."""
    at = rng.randrange(len(old) + 1)
    return rng.choice((old[:at] + old[at + 1:], old[:at] + rng.choice(TEXTS)[:20] + old[at:],
                       old.upper(), old + old, old[:at], old[::-1], f" {old}", old + "0"))


def as_json(tree: Any) -> bytes:
    """The tree as JSON, with `RAW` texts unquoted and `AGAIN` keys twice."""
    return _unquoted(json.dumps(tree, separators=(",", ":"))).encode("utf-8", "surrogatepass")


_MARKED = re.compile(rf'"{RAW}((?:[^"\\]|\\.)*)"')


def _unquoted(text: str) -> str:
    """Undo the quoting of what is marked."""
    text = text.replace(f'"{AGAIN}', '"') if AGAIN in text else text
    return _MARKED.sub(lambda m: json.loads(f'"{m[1]}"'), text) if RAW in text else text
