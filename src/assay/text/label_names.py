"""Which labels look like two names of one class: alike as names, and used as if they were one. Both are needed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.fuzz import ratio, token_sort_ratio

MOST_LABELS = 2000  # pairs of names are compared one by one
FEWEST_TEXTS = 10  # of each label: below it the confusion of two classes says nothing
ALIKE = 80.0  # of 100
# Agreement beyond chance between the label and a model that has not seen the text, on the texts of two labels.
# One class cut in two at random gives 0; of BANKING77's names that are alike the most confused pair gives .80.
MOST_KAPPA = 0.25
SHARED = 0.2  # share of the rarer label's texts that also carry the other
_NEGATIONS = frozenset(["not", "no", "non", "never", "without", "un", "dis", "anti"])
_OPPOSITES = re.compile(r"^(?:un|in|im|dis|non|anti|de)(?=.{3})")


@dataclass(frozen=True, slots=True)
class NearSynonym:
    label: str
    of: str
    evidence: str


def names_alike(first: str, second: str) -> float:
    """0 to 100: likeness of two names but for case and punctuation; 0 where a number or a negation tells them apart.

    0 too for equal names: those are spellings of one label, another signal's matter.
    """
    left, right = (re.findall(r"\w+?(?=_|\b)|\w+", name.lower().replace("_", " ")) for name in (first, second))
    if left == right or _numbers(left) != _numbers(right) or (_NEGATIONS & {*left}) != (_NEGATIONS & {*right}):
        return 0.0
    if {*left} != {*right} and _without_prefixes(left) == _without_prefixes(right):
        return 0.0
    a, b = " ".join(left), " ".join(right)
    return float(max(ratio(a, b), token_sort_ratio(a, b)))


def _without_prefixes(words: list[str]) -> set[str]:
    return {_OPPOSITES.sub("", word) for word in words}


def _numbers(words: list[str]) -> list[str]:
    return [word for word in words if any(c.isdigit() for c in word)]


def near_synonyms(
    labels: Sequence[str], counts: NDArray[np.int64], confusion: NDArray[Any], shared: dict[tuple[int, int], int]
) -> list[NearSynonym]:
    """For each label at most one more frequent label whose name and use are alike, with the evidence in words.

    labels: distinct, sorted. counts: int64[n], distinct texts of each. confusion: int[n, n], texts labelled i that a
    model took for j. shared: (i, j) with i < j -> texts that carry both labels.
    """
    found: dict[int, tuple[float, int, str]] = {}
    for i in range(min(len(labels), MOST_LABELS)):
        for j in range(i + 1, min(len(labels), MOST_LABELS)):
            if min(counts[i], counts[j]) < FEWEST_TEXTS:
                continue
            alike = names_alike(labels[i], labels[j])
            if alike < ALIKE:
                continue
            both = shared.get((i, j), 0)
            kappa = _kappa(confusion[np.ix_([i, j], [i, j])])
            told = []
            if both >= 2 and both >= SHARED * min(counts[i], counts[j]):
                told.append(f"{both} texts carry both")
            if kappa is not None and kappa <= MOST_KAPPA:
                told.append(f"a model tells their {counts[i] + counts[j]} texts apart with kappa {kappa:.2f}")
            if not told:
                continue
            rare, usual = (j, i) if counts[i] >= counts[j] else (i, j)
            said = f"names {alike:.0f} % alike; {'; '.join(told)}"
            if rare not in found or alike > found[rare][0]:
                found[rare] = (alike, usual, said)
    return [NearSynonym(labels[i], labels[of], said) for i, (_, of, said) in sorted(found.items())]


def _kappa(table: NDArray[Any]) -> float | None:
    """Cohen's kappa of a 2 x 2 table; None below 2 * FEWEST_TEXTS cases or where one side is empty."""
    total = float(table.sum())
    rows, columns = table.sum(axis=1) / max(total, 1.0), table.sum(axis=0) / max(total, 1.0)
    if total < 2 * FEWEST_TEXTS or not rows.all():
        return None
    expected = float(rows @ columns)
    return 0.0 if expected >= 1.0 else (float(np.trace(table)) / total - expected) / (1.0 - expected)
