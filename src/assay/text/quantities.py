"""Named quantities in a chain of reasoning that are given two values, and numbers left out of its numbering."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from assay.text.final_answers import number

# Only where a clause begins: in `x + y = 5` the 5 is not y's.
_LEAD = r"(?i:so|then|thus|hence|that|and|where|calculate|get|have|therefore|since|as|let's|we)"
_CLAIM = re.compile(
    rf"(?:^|[.;:,(]\s*|\b{_LEAD}\s+)(?:{_LEAD}\s+)*(?!{_LEAD}\b)"
    r"(?P<name>[A-Za-z][A-Za-z0-9_']{0,30}(?: [A-Za-z][A-Za-z0-9_']{0,30}){0,2})\s*=(?![=>])\s*"
    r"(?P<value>(?:(?![.,](?:\s|$))[^\n;])*)",
    re.M,
)
_ENDS = re.compile(r"\s(?:and|so|because|since|then|which|for|when|while|but)\s")
# A step with one of these sets or supposes a value; it does not claim one.
_SUPPOSED = re.compile(
    r"(?i)\b(?:if|when|let|suppos\w*|assum\w*|case|cases|for|try|trying|or|either|now|new|next|becomes?|otherwise|instead|"
    r"update[ds]?|increas\w*|decreas\w*|plug\w*|substitut\w*|option|check\w*|test\w*|say|set|mistake|wrong|correct\w*|"
    r"actually|wait|again|guess\w*|iteration|until|after|before|first|second|another|different)\b"
)
_STEP = re.compile(r"(?m)^[ \t]*(?:[#*]+[ \t]*)?[Ss]tep[ \t]+(\d{1,4})\b")
_NUMBERED = re.compile(r"[ \t]*\(?(\d{1,4})[).:][ \t]")


def contradictions(steps: Sequence[str]) -> list[str]:
    """Names that are given different values in one chain, as "name: 3, 5", in order of the second value.

    Read are claims `name = ... = value` at the beginning of a clause, one letter to three words, in the same case and
    unit. Left out are steps that suppose or set a value (if, let, now, case ..), and values that differ by
    rounding.
    """
    first: dict[tuple[str, str], tuple[Fraction, str]] = {}
    found: dict[str, str] = {}
    for step in steps:
        if "=" not in step or _SUPPOSED.search(step):
            continue
        for match in _CLAIM.finditer(step):
            said = _ENDS.split(match["value"])[0].rpartition("=")[2].strip()
            value = number(said) if said else None
            if value is None:
                continue
            key = (match["name"], value[1] + "%" * value[2])
            before = first.setdefault(key, (value[0], said))
            if abs(before[0] - value[0]) * 50 > max(abs(before[0]), abs(value[0])):
                found.setdefault(match["name"], f"{match['name']}: {before[1]}, {said}")
    return list(found.values())


def skipped_numbers(steps: Sequence[str], indexes: Sequence[int | None] = ()) -> list[int] | None:
    """Step numbers that a rising numbering leaves out; None where fewer than two steps are numbered.

    Numbers are `Step 3` at the beginning of a line, else those that begin the steps themselves (`3) ..`), else the
    indexes.
    """
    numbers = [int(n) for step in steps for n in _STEP.findall(step)]
    if len(numbers) < 2:
        heads = [match for step in steps if (match := _NUMBERED.match(step))]
        numbers = [int(match[1]) for match in heads] if len(heads) == len(steps) else []
    if len(numbers) < 2:
        numbers = [n for n in indexes if n is not None]
    if len(numbers) < 2:
        return None
    missing: list[int] = []
    for before, after in pairwise(numbers):
        missing.extend(range(before + 1, min(after, before + 101)))
    return missing
