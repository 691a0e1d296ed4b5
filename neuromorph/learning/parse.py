"""From the text of a learning rule to its terms. A small grammar, never `eval`.

::

    series  = ["dw" "="] term {("+" | "-") term}
    term    = factor {"*" factor}                       one factor at least is x0, y0 or u0 … u9
    factor  = number | name | "(" name ("+"|"-") number ")" | "sgn(" name [("+"|"-") number] ")"
    number  = digits | "2^" [sign] digits               their product is the constant m 2^e
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from neuromorph.errors import LearningRuleError
from neuromorph.learning.terms import WIDEST_PRODUCT, WIDTHS, Factor, Term

FORM = "m*2^e times x0, y0 or u0 … u9, times x1 x2 y1 y2 y3 w t, (x1 + 3) or sgn(t - 100)"

_NUMBER = re.compile(r"2\^([+-]?\d+)|(\d+)", re.ASCII)
_RATE = re.compile(r"u(\d)", re.ASCII)
_SHIFTED = re.compile(r"(sgn)?\(([a-z]\d?)(?:([+-])(2\^\d+|\d+))?\)", re.ASCII)
_TERM = re.compile(r"[+-]*(?:\([^()]*\)|\^[+-]|[^+\-()])+")
_LONGEST = 1000


def parse_series(target: str, text: str) -> tuple[Term, ...]:
    """The terms of a rule such as ``2^-4*x1*y0 - 2^-5*w*u0``; none for an empty text.

    Raises
    ------
    LearningRuleError
        Naming the term, and what a term may be.
    """
    if not isinstance(text, str):
        raise LearningRuleError("a rule is a text", where=target, found=type(text).__name__)
    if len(text) > _LONGEST:
        raise LearningRuleError("a rule is a short text", where=target,
                                found=f"{len(text)} characters", expected=f"at most {_LONGEST}")
    bare = "".join(text.split())
    bare = bare.removeprefix(f"{target}=")
    if not bare:
        return ()
    pieces = list(_pieces(target, bare))
    return tuple(_term(target, piece) for piece in pieces)


def _pieces(target: str, text: str) -> Iterator[str]:
    end = 0
    while end < len(text):
        match = _TERM.match(text, end)
        if match is None:
            raise LearningRuleError("this is no product", where=target, found=text[end:],
                                    expected=FORM)
        yield match.group()
        end = match.end()


def _term(target: str, text: str) -> Term:
    signs = len(text) - len(text.lstrip("+-"))
    if signs > 1:
        raise _refused(target, text, "a term has one sign")
    mantissa, exponent = (-1 if text[:1] == "-" else 1), 0
    conditions: list[str] = []
    factors: list[Factor] = []
    for part in text[signs:].split("*"):
        number = _NUMBER.fullmatch(part)
        if number and number[1] is not None:
            exponent += int(number[1])
        elif number:
            mantissa *= int(number[2])
        elif _is_condition(part):
            conditions.append(part)
        else:
            factors.append(_factor(target, text, part))
    return _checked(target, text, _normal(mantissa, exponent), conditions, factors)


def _is_condition(part: str) -> bool:
    return part in ("x0", "y0") or _RATE.fullmatch(part) is not None


def _factor(target: str, text: str, part: str) -> Factor:
    if part in WIDTHS:
        return Factor(part)
    shifted = _SHIFTED.fullmatch(part)
    if part == "d" or (shifted and shifted[2] == "d"):
        raise _refused(target, text, "delays are not learned here")
    if shifted is None or shifted[2] not in WIDTHS or shifted[2] in ("x0", "y0"):
        raise _refused(target, text, f"{part!r} is not a factor")
    sgn, name, sign, digits = shifted.groups()
    if sgn and name not in ("w", "t"):
        raise _refused(target, text, "sgn() takes the weight or the tag")
    return Factor(name, _constant(sign, digits), bool(sgn))


def _constant(sign: str | None, digits: str | None) -> int:
    if digits is None:
        return 0
    value = 1 << min(int(digits[2:]), 99) if digits.startswith("2^") else int(digits)
    return -value if sign == "-" else value


def _normal(mantissa: int, exponent: int) -> tuple[int, int]:
    """The same constant with a mantissa of 4 bits, where there is one."""
    while abs(mantissa) > 7 and mantissa % 2 == 0 and exponent < 8:
        mantissa, exponent = mantissa // 2, exponent + 1
    return mantissa, exponent


def _checked(
    target: str, text: str, scale: tuple[int, int], conditions: list[str], factors: list[Factor]
) -> Term:
    if not conditions:
        raise _refused(target, text, "a product needs a condition: x0, y0 or u0 … u9")
    first, *others = conditions
    if any(_RATE.fullmatch(other) for other in others):
        raise _refused(target, text, "u_k must be a product's first condition, and its only one")
    mantissa, exponent = scale
    if not -8 <= mantissa <= 7 or not -7 <= exponent <= 8:
        raise _refused(target, text, f"the constant {mantissa}*2^{exponent} is not m*2^e with m "
                                     "from -8 to 7 and e from -7 to 8")
    rate = _RATE.fullmatch(first)
    term = Term(mantissa, exponent, "u" if rate else "x0" if first == "x0" else "y0",
                int(rate[1]) if rate else None,
                (*factors, *(Factor(other) for other in others)))
    if term.width > WIDEST_PRODUCT:
        raise _refused(target, text, f"its factors have {term.width} bits; a product holds "
                                     f"{WIDEST_PRODUCT}")
    for factor in factors:
        if not -(1 << factor.width) <= factor.constant < 1 << factor.width:
            raise _refused(target, text, f"{factor} exceeds {factor.width} bits")
    return term


def _refused(target: str, text: str, why: str) -> LearningRuleError:
    return LearningRuleError(f"Loihi cannot run the term {text!r}: {why}", where=target,
                             expected=FORM)
