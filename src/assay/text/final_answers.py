"""The answer that a worked solution states, as a number or an expression, and whether two answers are the same."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from math import comb, prod
from typing import Any

from assay.text.arithmetic import annotated_equations

LONGEST = 200  # characters of an answer that is judged: longer ones are texts
MOST_OPERATIONS = 60  # of an expression handed to sympy: its work is bounded by size, never by a clock
MOST_POWER = 99
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
# Where a solution says its answer. The last mark counts; it ends with its line.
_STATED = re.compile(
    r"(?im)^[ \t]*####[ \t]*(?P<gsm>[^\n]+)$"
    r"|^[ \t]*(?:final answer|answer|A)[ \t]*[:=][ \t]*(?P<line>[^\n]+)$"
    r"|\b(?:final |correct )?answer(?: is|:)[ \t]*:?[ \t]*(?P<said>[^\n]+?)(?=[.!?](?:\s|$)|[ \t]*$)"
)
_WRAPPED = re.compile(
    r"^\s*(?:\\\[(?P<a>.*)\\\]|\\\((?P<b>.*)\\\)|\$\$(?P<c>.*)\$\$|\$(?P<d>[^$]*)\$|\*\*(?P<e>.*)\*\*)\s*[.]?\s*$", re.S
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*(\d{1,40})\s*\}\s*\{\s*(\d{1,40})\s*\}")
_LATEX = re.compile(r"\\(?:text|mathrm|mbox|textbf|mathbf)\s*\{([^{}]*)\}|\\[,;! ]|\\left|\\right|(?<=\d)\{,\}(?=\d)")
_PLAIN = r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d{1,40}(?:\.\d{0,40})?|\.\d{1,40}"
_NUMBER = re.compile(
    rf"(?P<sign>[-−–+]?)\s*(?P<currency>[$€£¥]|USD|EUR|Rs\.?)?\s*(?P<sign2>[-−–]?)"
    rf"(?:(?P<whole>\d{{1,40}})\s+(?P<p>\d{{1,40}})/(?P<q>\d{{1,40}})|(?P<num>{_PLAIN})"
    rf"(?:\s*/\s*(?P<den>{_PLAIN})|\s*(?:\\times|×|\*|x)\s*10\s*\^\s*\{{?(?P<exp>[-+]?\d{{1,3}})\}}?|[eE](?P<e>[-+]?\d{{1,3}}))?)"
    r"\s*(?P<percent>%|percent\b|per cent\b)?\s*(?P<unit>°?[^\W\d_][\w°/².³^ -]{0,40})?\s*",
)
_CHOICE = re.compile(r"\(?([A-Ja-j])(?:\)|\.|:)?(?:\s.*)?", re.S)
_VERDICTS = {"yes": True, "true": True, "no": False, "false": False}
# What sympy could spend unbounded time on.
_UNBOUNDED = re.compile(
    r"\\(?:int|sum|prod|lim|binom)|!|(?:\^|\*\*)\s*\{?\s*[^\s{}]*(?:\^|\*\*)|(?:\^|\*\*)\s*\{?\s*-?\d{3}|\d{41}"
)


def stated_answer(text: str) -> str | None:
    r"""The answer that a solution marks as its own; None where it marks none.

    Marks are `\boxed{..}`, GSM8K's `#### `, a line `A: ..` or `Answer: ..`, and `the answer is ..`; the last one
    counts.
    """
    last: tuple[int, str] | None = None
    for match in _BOXED.finditer(text):
        inner = _braced(text, match.end())
        last = (match.start(), inner) if inner is not None else last
    for match in _STATED.finditer(text):
        if last is None or match.start() > last[0]:
            last = (match.start(), match["gsm"] or match["line"] or match["said"])
    return last[1].strip() or None if last else None


def _braced(text: str, start: int) -> str | None:
    depth = 1
    for at in range(start, min(len(text), start + LONGEST)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start:at]
    return None


_LAST_EQUATION = re.compile(rf"=\s*(?:<<[^<>\n]*>>)?\s*([$€£]?-?(?:{_PLAIN})%?)(?![\w.]*\s*[-+*/×÷^=(])")
_NAMED = re.compile(rf"(?<![\w.,])({_PLAIN})\s*=\s*[A-Za-z]\b")  # 20 = A
_ANY_NUMBER = re.compile(rf"(?<![\w.,])[$€£]?(?:{_PLAIN})(?![\w])")


def derived_answers(step: str) -> list[str]:
    """What one step arrives at: the answer it marks, its last equation's result, and the numbers said after that."""
    found = [one for one in (stated_answer(step),) if one]
    noted = annotated_equations(step)
    if noted:
        found.append(noted[-1].right)
    results = list(_LAST_EQUATION.finditer(step))
    if results:
        found.append(results[-1][1])
        found.extend(_ANY_NUMBER.findall(step, results[-1].end()))
    return found + _NAMED.findall(step)


def said_numbers(step: str) -> list[str]:
    """Every number of a step, as written."""
    return _ANY_NUMBER.findall(step)


def number(text: str) -> tuple[Fraction, str, bool] | None:
    r"""(value, unit, whether a percent sign stands) of an answer that is one number, exactly; None for all else.

    Read are thousands separators, a currency sign, a fraction, a mixed number, a power of ten, `\frac{1}{2}`, LaTeX
    wrapping and up to three words of unit.
    """
    match = _NUMBER.fullmatch(_bare(text).rstrip(" ."))
    if match is None:
        return None
    if match["whole"]:
        bottom = Fraction(match["q"])
        value = None if not bottom else Fraction(match["whole"]) + Fraction(match["p"]) / bottom
    else:
        value, bottom = _decimal(match["num"]), _decimal(match["den"] or "1")
        power = int(match["exp"] or match["e"] or 0)
        value = value / bottom * Fraction(10) ** power if bottom else None
    if value is None:
        return None
    negative = (match["sign"] in tuple("-−–")) != (match["sign2"] in tuple("-−–"))
    unit = " ".join((match["unit"] or "").lower().split()).strip(" .")
    if len(unit.split()) > 3:
        return None
    return -value if negative else value, unit, match["percent"] is not None


def _decimal(text: str) -> Fraction:
    return Fraction(text.replace(",", "").rstrip(".") or "0")


def _bare(text: str) -> str:
    """Without the marks around an answer: LaTeX delimiters, boxes, bold, text commands, a final full stop."""
    for _ in range(4):
        before = text
        wrapped = _WRAPPED.match(text)
        if wrapped:
            text = next(part for part in wrapped.groups() if part is not None)
        box = _BOXED.match(text.strip())
        if box:
            text = _braced(text.strip(), box.end()) or text
        if text == before:
            break
    text = _FRACTION.sub(r"\1/\2", text).replace("\\$", "$").replace("\\%", "%")
    text = text.split("=")[-1] if re.fullmatch(r"\s*[A-Za-z]\s*=[^=]+", text) else text
    return _LATEX.sub(lambda m: m[1] or "", text).strip()


def same_answer(left: str, right: str) -> bool | None:
    """Whether two answers say the same; None where that cannot be told.

    Numbers are compared exactly, 50% is 50 and 0.5, doubles to 12 digits; choices by letter, verdicts by meaning,
    other expressions by math-verify, within LONGEST characters and MOST_OPERATIONS. Words are told equal, never other.
    """
    if len(left) > LONGEST or len(right) > LONGEST:
        return None
    a, b = number(left), number(right)
    if a and b:
        return _same_number(a, b)
    plain_a, plain_b = _folded(left), _folded(right)
    if plain_a and plain_a == plain_b:
        return True
    if plain_a in _VERDICTS and plain_b in _VERDICTS:
        return _VERDICTS[plain_a] == _VERDICTS[plain_b]
    choices = _CHOICE.fullmatch(_bare(left)), _CHOICE.fullmatch(_bare(right))
    if choices[0] and choices[1] and min(len(_bare(left)), len(_bare(right))) <= 3:
        return choices[0][1].lower() == choices[1][1].lower()
    if _mathematical(left) and _mathematical(right):
        return _verified(_bare(left), _bare(right))
    return None


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", _bare(text).strip(" .!")).lower()


def _same_number(a: tuple[Fraction, str, bool], b: tuple[Fraction, str, bool]) -> bool | None:
    same = _close(a[0], b[0])
    if a[2] != b[2]:
        same = same or _close(a[0] / 100 if a[2] else a[0], b[0] / 100 if b[2] else b[0])
    # 300 cm may be 3 m: units are not converted.
    return same if same or not (a[1] and b[1] and a[1] != b[1]) else None


def _close(a: Fraction, b: Fraction) -> bool:
    return a == b or abs(a - b) * 10**12 <= abs(a)


def _mathematical(text: str) -> bool:
    if re.fullmatch(r"\s*-?\d+,\d+\s*", text):
        return False  # 3,5 is three and a half to some, and two numbers to others
    return bool(re.search(r"\d|\\[a-z]|[a-z]\s*[-+*/^=]", text))


def _verified(left: str, right: str) -> bool | None:
    """math-verify's word on two expressions; None where either is not understood, or too large to be safe."""
    if _UNBOUNDED.search(left) or _UNBOUNDED.search(right):
        return None
    parse, verify = _math_verify()
    a, b = (parse(f"${text}$", parsing_timeout=None) for text in (left, right))
    if not (a and b) or any(_too_large(side[0]) for side in (a, b)):
        return None
    return bool(verify(b, a, timeout_seconds=None))


def _too_large(tree: Any) -> bool:
    """Not parsed, or more to write out than sympy does in a moment."""
    return isinstance(tree, str) or max(_size(tree)) > MOST_OPERATIONS


def _size(tree: Any) -> tuple[int, int]:
    """Nodes of an expression, and terms that it has when every bracket is multiplied out."""
    parts = [_size(part) for part in getattr(tree, "args", ())]
    nodes = 1 + sum(part[0] for part in parts)
    if getattr(tree, "is_Add", False):
        return nodes, sum(part[1] for part in parts)
    if getattr(tree, "is_Pow", False):
        exponent = tree.args[1]
        if parts[0][1] == 1 and exponent.is_number:
            return nodes, 1 if exponent.is_Rational and abs(exponent) <= MOST_POWER else MOST_OPERATIONS + 1
        known = exponent.is_Integer and abs(exponent) <= MOST_POWER
        return nodes, comb(abs(int(exponent)) + parts[0][1] - 1, parts[0][1] - 1) if known else nodes
    return nodes, prod(part[1] for part in parts)


@cache
def _math_verify() -> tuple[Any, Any]:
    """parse and verify, imported on first use (2 s), without their warning about timeouts: size is our bound."""
    from math_verify import grader, parse, parser, verify

    parser.TIMEOUT_WARNING_SHOWN = grader.TIMEOUT_WARNING_SHOWN = True
    return parse, verify
