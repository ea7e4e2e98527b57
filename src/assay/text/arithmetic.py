"""Equations written inside prose, found and re-computed exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

# A run of characters that an equation may hold. A letter x is "times" only between numbers or brackets.
_TIMES = r"(?<=[ \t])[xX](?=[ \t]+-?[\d($.])|(?<=[\d)])[xX](?=[\d($.])"
_RUN = re.compile(rf"(?:[-+*/×÷−–()\d.,$€£%= \t]|{_TIMES})+")
_ANNOTATED = re.compile(r"<<([^<>\n]{1,200})>>")
_TOKEN = re.compile(r"\s*(?:(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(%?)|([-+*/×÷−–xX()])|([$€£]))")
_NOT_BEFORE = re.compile(r"[\w^√_:\[{\\|<>≈~'\"#&]\s*$")  # what makes the run a part of something larger
_NOT_AFTER = re.compile(r"\w|[\^\[{\\|<>≈~&(²³½¼¾…]")
_NOT_AFTER_SPACE = re.compile(r"[\^\[{\\|<>≈~&(…]|[a-zA-Z]\s*[-+*/=^²]|[a-zA-Z]\s*$")
_NUMBERING = re.compile(r"(?m)^\s*\(?\d{1,3}[).]\s+")  # of a step or a list item
_STOP = re.compile(r"[).,]*[.,]\s+|(?<![\d)])\)\s+|^[).,]+\s+")  # the end of a clause inside a run
# 25 / 1/3 is 75 to whom writes it, and 7500/75% is what one percent is.
_AMBIGUOUS = re.compile(r"/\s*[\d.]+\s*/|/\s*[\d.]+\s*%")
_PLUS_SIGN = re.compile(r"(^\s*|[-+*/(]\s*)\+")
_WHOLE_DIVISION = re.compile(r"\s*(\d{1,40})\s*//\s*(\d{1,40})\s*")
_NUMBER = re.compile(r"[-$€£\s]*[\d,]*\.(\d+)%?")
_CENTS = re.compile(r"\s*(?:cents?\b|¢)")
_LONGEST = 400  # characters of one run: longer ones are tables, not equations
_DOUBLE = 10  # decimals from which on a result was printed by a machine, at a double's precision
_DIGITS = 40  # of one number
Number: TypeAlias = Fraction | int


@dataclass(frozen=True, slots=True)
class Equation:
    """`left = right` as written, and whether it holds exactly or up to the decimals that the right side shows."""

    left: str
    right: str
    holds: bool


def equations(text: str) -> list[Equation]:
    """The equations of a text that can be judged, in order.

    Judged are chains a = b = c whose left side computes something (has an operator) and whose sides are numbers,
    + - * x × / ÷, brackets, percent and currency signs; and the annotations of GSM8K, <<48/2=24>>. Everything with
    a letter, a power or a root in it is left alone, so algebra is not judged. A result may be rounded or cut to the
    decimals it shows. A whole number that stands for a fraction (10/3 = 3) is not judged, nor is a / b / c.
    """
    found: list[Equation] = []
    if "=" not in text:
        return found
    if "<<" in text:
        for match in _ANNOTATED.finditer(text):
            found.extend(_calculated(match[1]))
        # `48/2 = <<48/2=24>>24`: what stands outside says the same again, in pieces.
        return found
    text = _NUMBERING.sub("", text)
    for match in _RUN.finditer(text):
        run = match[0]
        if "=" not in run or len(run) > _LONGEST:
            continue
        before = text[max(0, match.start() - 3) : match.start()].rpartition("\n")[2]
        parts = _STOP.split(run)
        goes_on = _NOT_AFTER_SPACE if run[-1].isspace() else _NOT_AFTER
        if goes_on.match(text, match.end()):
            parts[-1] = parts[-1].rpartition("=")[0]  # the last side goes on in a way that is not understood
        for i, part in enumerate(parts):
            cents = i == len(parts) - 1 and "$" in part and _CENTS.match(text, match.end()) is not None
            found.extend(_chain(part, glued=_glued("" if i else before, part), cents=cents))
    return found


def annotated_equations(text: str) -> list[Equation]:
    """The calculator annotations of a text, <<a=b>>, in order; a side that is no arithmetic is left out."""
    return [one for match in _ANNOTATED.finditer(text) for one in _calculated(match[1])] if "<<" in text else []


def _calculated(annotation: str) -> list[Equation]:
    """What a calculator was asked and said: a bare number is a claim too, and a / b / c goes from left to right.

    A result may be rounded or cut at the decimals it shows, but not to a whole number: a calculator shows decimals.
    """
    sides = annotation.replace("_", "").split("=")
    values = [_keyed(side) for side in sides]
    found: list[Equation] = []
    for i in range(len(sides) - 1):
        left, right = values[i], values[i + 1]
        if left is not None and right is not None:
            found.append(Equation(sides[i].strip(), sides[i + 1].strip(), _shown(left, right, sides[i + 1])))
    return found


def _shown(left: Number, right: Number, side: str) -> bool:
    if left == right or ("%" in side and left == right * 100):
        return True
    number = _NUMBER.fullmatch(side.strip())
    decimals = len(number[1]) if number else 0
    unit = Fraction(1, 10**decimals)
    off = abs(Fraction(left) - Fraction(right))
    if decimals > 0 and (off * 2 <= unit or (abs(Fraction(right)) < abs(Fraction(left)) and off < unit)):
        return True
    return decimals >= _DOUBLE and off * 10**12 <= abs(Fraction(left))  # 1/3*5 in doubles is 1.6666666666666665


def _glued(before: str, run: str) -> bool:
    """Whether the first side belongs to something that was left out: `2x + 3 = 7`, `a - 5 + 2 = 1`, `x^2 + 1 = 5`."""
    start = run.lstrip()
    opens = start[:1]
    if opens and opens in "+*/×÷=)xX%.,":
        return True
    if opens and opens in "-−–" and (start[1:2] == " " or re.search(r"[\w)]\s*$", before)):
        return True
    if run[:1].isspace() and before:
        return bool(re.search(r"[^\w\s.,;:!?'\")=-]\s*$|[\^_]\s*$|\d\s*[xX]\s*$", before))
    return bool(_NOT_BEFORE.search(before))


def _chain(run: str, *, glued: bool, cents: bool) -> list[Equation]:
    sides = run.split("=")
    found: list[Equation] = []
    values = [_value(side) for side in sides]
    for i in range(len(sides) - 1):
        left, right = values[i], values[i + 1]
        if left is None or right is None or (i == 0 and glued):
            continue
        if not left[1]:  # a bare number on the left is a name or a restatement, not a computation
            continue
        if right[1] and _carried_on(sides[i + 1], left[0]):
            continue
        if (
            not right[1]
            and right[0].denominator == 1
            and left[0].denominator != 1
            and abs(Fraction(left[0] - right[0])) < 1
        ):
            continue  # 10/3 = 3: rounded to whole things, or wrong; the text would have to say
        holds = _equal(left[0], right[0], _decimals(sides[i + 1]) if not right[1] else None, "%" in sides[i + 1])
        holds = holds or (cents and i == len(sides) - 2 and left[0] * 100 == right[0])  # $2.50 - $2.24 = 26 cents
        found.append(Equation(sides[i].strip(" .,$"), sides[i + 1].strip(" .,$"), holds))
    return found


def _carried_on(side: str, left: Number) -> bool:
    """Whether a side begins with the left side's value and computes on: 70 + 50 = 120 * 5/18 = ...

    People write running totals so; it is no claim that both sides are equal.
    """
    tokens = _tokens(side) or []
    for end in range(1, len(tokens)):
        if tokens[end] in ("+", "-", "*", "/") and tokens[:end].count("(") == tokens[:end].count(")"):
            try:
                value, at = _sum(tokens[:end], 0)
            except (ValueError, ZeroDivisionError, IndexError):
                continue
            if at == end and value == left:
                return True
    return False


def _decimals(side: str) -> int:
    number = side.strip(" \t.,$€£%()-−–")
    return len(number.partition(".")[2])


def _equal(left: Number, right: Number, decimals: int | None, percent: bool) -> bool:
    if left == right:
        return True
    if percent and left == right * 100:  # 0.25 * 100 = 25%
        return True
    # Rounded or cut at the decimals shown: less than one unit of the last place away.
    if percent and decimals is not None:
        unit = Fraction(1, 10**decimals)
        return abs(Fraction(left - right)) * 100 < unit or abs(Fraction(left - right * 100)) < unit
    return bool(decimals) and abs(Fraction(left - right)) < Fraction(1, 10 ** (decimals or 0))


def _keyed(side: str) -> Number | None:
    """What a calculator makes of one side: it takes a sign before a number, and a // b as whole division."""
    side = _PLUS_SIGN.sub(r"\1", side)
    whole = _WHOLE_DIVISION.fullmatch(side)
    if whole:
        return int(whole[1]) // int(whole[2]) if int(whole[2]) else None
    found = _computed(_tokens(side))
    return None if found is None else found[0]


def _value(side: str) -> tuple[Number, bool] | None:
    """The exact value of one side and whether it holds an operator; None where it is not plain arithmetic."""
    return None if _AMBIGUOUS.search(side) else _computed(_tokens(side))


def _computed(tokens: list[Number | str] | None) -> tuple[Number, bool] | None:
    if not tokens:
        return None
    try:
        value, at = _sum(tokens, 0)
    except (ValueError, ZeroDivisionError, IndexError, RecursionError):
        return None
    if at != len(tokens):
        return None
    return value, any(isinstance(token, str) and token in "+*/-" for token in tokens[1:])


def _tokens(side: str) -> list[Number | str] | None:
    side = side.strip().rstrip(".,")
    tokens: list[Number | str] = []
    at = 0
    while at < len(side):
        match = _TOKEN.match(side, at)
        if match is None:
            return None
        at = match.end()
        number, percent, operator, _currency = match.groups()
        if number is not None:
            if len(number) > _DIGITS:
                return None
            plain = number.replace(",", "")
            value = int(plain) if plain.isdigit() else Fraction(plain)  # whole numbers are most, and much cheaper
            tokens.append(Fraction(value) / 100 if percent else value)
        elif operator is not None:
            tokens.append({"×": "*", "x": "*", "X": "*", "÷": "/", "−": "-", "–": "-"}.get(operator, operator))
    return tokens


def _sum(tokens: list[Number | str], at: int) -> tuple[Number, int]:
    value, at = _product(tokens, at)
    while at < len(tokens) and tokens[at] in ("+", "-"):
        sign = tokens[at]
        right, at = _product(tokens, at + 1)
        value = value + right if sign == "+" else value - right
    return value, at


def _product(tokens: list[Number | str], at: int) -> tuple[Number, int]:
    value, at = _factor(tokens, at)
    while at < len(tokens) and tokens[at] in ("*", "/"):
        sign = tokens[at]
        right, at = _factor(tokens, at + 1)
        value = value * right if sign == "*" else Fraction(value) / right
    return value, at


def _factor(tokens: list[Number | str], at: int) -> tuple[Number, int]:
    token = tokens[at]
    if not isinstance(token, str):
        return token, at + 1
    if token == "-":
        value, at = _factor(tokens, at + 1)
        return -value, at
    if token == "(":
        value, at = _sum(tokens, at + 1)
        if tokens[at] != ")":
            raise ValueError("bracket")
        return value, at + 1
    raise ValueError("operator")
